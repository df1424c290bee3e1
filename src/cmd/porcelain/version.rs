//! `emu version`.

use crate::cmd::{Class, Context, Entry, Status};
use crate::error::Result;

pub(crate) const ENTRY: Entry = Entry {
    name: "version",
    class: Class::Porcelain,
    summary: "show the version of emu",
    prose: "\
## DESCRIPTION
Prints 'emu' and its version.
## JSON
With --json one record of type 'version' is printed; see emu-json(5).
## EXIT STATUS
0.
## EXAMPLES
    emu version
    emu version --json | jq .sink_format
## SEE ALSO
emu(1)
",
    build: |command| command.about("Shows the version of emu"),
    run: |_, context| run(context),
};

fn run(context: &Context) -> Result<Status> {
    if context.ui.json() {
        context.ui.record(&crate::record::VersionRecord::new(env!("CARGO_PKG_VERSION")))?;
    } else {
        context.ui.out(concat!("emu ", env!("CARGO_PKG_VERSION")))?;
    }
    Ok(None)
}
