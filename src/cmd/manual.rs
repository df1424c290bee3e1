//! What emu(1) says beside the options and the commands, in the language of [`super::Entry::prose`].

/// Sections of the page of emu itself.
pub const MANUAL: &str = "\
## ENVIRONMENT
    EMU_SOURCE      the source, where -S does not name one
    EMU_PAGER       the program in which man(1) shows pages of the manual
    EMU_DATE        what the clock says, for tests
    NO_COLOR        no colour
    TERM            dumb: no colour, and nothing that moves the cursor
## EXIT STATUS
    0               done
    1               failed; of several sinks, at least one got no snapshot
    2               the command line cannot be understood
    3               done, but something was left out, and is named
    4               the answer is 'differs', 'damaged' or 'too old', where that was asked
    10              there is no such source, sink or snapshot, or another disk is in its place
    11              somebody else holds a lock
    130, 143        ended by SIGINT or SIGTERM
## EXAMPLES
    emu init ~/documents
    cd ~/documents
    emu sink add usb /mnt/usb/documents
    emu push -m 'first snapshot'
    emu log
    emu checkout HEAD~ -- letters
## SEE ALSO
emu-push(1), emu-checkout(1), emu-help(1), emu-revisions(7), emu-config(5), emu-format(5), emu-json(5)
";
