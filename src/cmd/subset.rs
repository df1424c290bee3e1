//! The value of `--read-data-subset`.

use crate::error::Result;
use crate::restore::verify::Portion;
use crate::sink::{Node, Sink};
use crate::tree::policy::MinFree;
use std::str::FromStr;

/// Which part of the contents is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Subset {
    /// The nth of so many.
    Nth(u32, u32),
    /// A share or so many bytes, from where the last run ended.
    Next(MinFree),
}

impl FromStr for Subset {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Subset, String> {
        let wrong = || "allowed is N/T (the Nth of T parts), a share like 5%, or bytes like 10G".to_owned();
        if let Some((n, of)) = text.split_once('/') {
            let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0);
            let both = number(n).zip(number(of)).filter(|(n, of)| n <= of);
            return both.map(|(n, of)| Subset::Nth(n, of)).ok_or_else(wrong);
        }
        // 100% is everything, which needs no option but is no mistake.
        if text == "100%" {
            return Ok(Subset::Nth(1, 1));
        }
        let next = text.parse().ok().filter(|next| *next != MinFree::Bytes(0));
        next.map(Subset::Next).ok_or_else(wrong)
    }
}

impl Subset {
    /// Whether it begins where the last run ended.
    pub(super) fn goes_on(self) -> bool {
        matches!(self, Subset::Next(_))
    }

    /// The contents that it stands for in these snapshots of a sink.
    ///
    /// # Errors
    /// Interrupted.
    pub(super) fn portion(self, sink: &Sink, nodes: &[&Node]) -> Result<Portion> {
        match self {
            Subset::Nth(n, of) => Ok(Portion::nth(n, of)),
            Subset::Next(MinFree::Percent(percent)) => Ok(Portion::share(sink, percent / 100.0)),
            Subset::Next(MinFree::Bytes(bytes)) => Portion::bytes(sink, nodes, bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_shares_and_bytes_are_read() {
        assert_eq!("2/7".parse(), Ok(Subset::Nth(2, 7)));
        assert_eq!("2.5%".parse(), Ok(Subset::Next(MinFree::Percent(2.5))));
        assert_eq!("10G".parse(), Ok(Subset::Next(MinFree::Bytes(10 << 30))));
        assert_eq!("100%".parse(), Ok(Subset::Nth(1, 1)));
        for text in ["", "0/3", "4/3", "1/0", "/", "-5%", "0%", "0", "x"] {
            assert!(text.parse::<Subset>().is_err(), "{text}");
        }
    }
}
