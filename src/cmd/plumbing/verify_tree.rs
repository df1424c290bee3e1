//! `emu-verify-tree`: what in some snapshots is not as it was saved.

use crate::cmd::findings::{newest_first, record};
use crate::cmd::input::{Bare, RevsArgs};
use crate::cmd::{Class, Context, Entry, Opened, Status, read, several};
use crate::error::{Kind, Result};
use crate::restore::verify::{self, Options, Reading, Report, Seen, Summary};
use crate::sink::Node;
use clap::Args as _;
use std::rc::Rc;

pub(crate) const ENTRY: Entry = Entry {
    name: "verify-tree",
    class: Class::Plumbing,
    summary: "print what in snapshots is not as it was saved",
    prose: "\
## DESCRIPTION
Holds the trees of snapshots against their manifests, as `emu verify` does, and prints one record of
type 'finding' for each difference; nothing if there is none. All snapshots that are named are one
run: an inode is read once, and a finding names those of them that share it, however many lines
they came on.

A bare sink is its HEAD, a range A..B each of its snapshots. Nothing is repaired; what was found is
noted in the sink, if it can be written.
## EXIT STATUS
0 if there is no finding, 4 if there are, 3 if all of them are entries that this user may not read ('what' is
'unchecked'), 10 if there is no such snapshot, which is known before
anything is read.
## EXAMPLES
    emu-verify-tree --sink origin HEAD
    emu log --json | jq -r .id | emu-verify-tree --sink origin --quick -
",
    build: Args::augment_args,
    run: |matches, context| run(&read(matches)?, context),
};

/// Prints what in snapshots is not as it was saved.
#[derive(Debug, clap::Args)]
struct Args {
    #[command(flatten)]
    of: RevsArgs,

    /// Look at names, kinds, attributes, sizes and targets only; read no content
    #[arg(long)]
    quick: bool,
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let mut asked: Vec<(Opened, Vec<Node>)> = Vec::new();
    args.of.each(Bare::Head, context, |_, all| {
        for found in all {
            match asked.iter_mut().find(|(opened, _)| Rc::ptr_eq(&opened.sink, &found.opened.sink)) {
                Some((_, nodes)) => nodes.push(found.node),
                None => asked.push((found.opened, vec![found.node])),
            }
        }
        Ok(())
    })?;
    let reading = if args.quick { Reading::Nothing } else { Reading::All };
    let options = Options { reading, threads: several::threads(context)?, noted: true };
    let seen = Seen::new();
    let observer = context.ui.observer();
    let mut print = |report: Report| match report {
        Report::Finding(finding) => record(context, &finding, None),
        Report::Snapshot(_) => Ok(()),
    };
    let mut total = Summary::default();
    for (opened, nodes) in asked {
        let nodes = newest_first(nodes);
        let nodes: Vec<&Node> = nodes.iter().collect();
        total.add(verify::verify(&opened.sink, &nodes, &[], options, &seen, &mut print, &observer)?);
    }
    Ok(match total {
        Summary { findings: 1.., .. } => Some(Kind::Differs),
        Summary { unchecked: 1.., .. } => Some(Kind::Incomplete),
        Summary { .. } => None,
    })
}
