//! Reads what verify found damaged in a sink, so that a push links none of it.

use crate::progress::Observer;
use crate::quote::quoted;
use crate::sink::{DamageList, Sink};

/// The damaged entries of a sink; says what a push does differently because of them.
pub(super) fn known(sink: &Sink, name: &str, observer: &dyn Observer) -> DamageList {
    let list = sink.damage().unwrap_or_else(|error| {
        observer.warn(format!("{error}; files that verify found damaged may be linked; run `emu verify`"));
        DamageList::default()
    });
    if list.more {
        observer.warn(format!(
            "verify found more damage in {} than it could list; all files are saved anew; `emu verify --repair` repairs what it can",
            quoted(name)
        ));
    }
    list
}
