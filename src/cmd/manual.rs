//! What emu(1) and `emu help` say beside the options and the commands: what all commands have in
//! common on a terminal. In the language of [`super::Entry::prose`].

/// Sections of the page of emu itself.
pub const MANUAL: &str = "\
## ON A TERMINAL
The answers of log, show, diff, ls, find, status, du and help go through a pager: EMU_PAGER, then PAGER,
then less; an empty one, or cat, is none. Where LESS is not set, less gets 'FRX': what fits on one screen
is printed as it is. Nothing is paged with --no-pager, with --json, into a pipe or on a dumb terminal. What is
to be said on stderr is said when the pager has ended. Leaving the pager early is no failure.

Names are escaped where they could steer the terminal or hide another name; in a pipe they are printed as
they are. For scripts, -z (--null) ends each name with a NUL. Where the locale has no UTF-8, everything that is
not ASCII is escaped on a terminal, byte by byte.

Columns are as wide as what stands in them, by what the terminal shows. Where a row is wider than the
terminal, the columns that do not fit stand below, indented.
## COLOURS
Colours only help to find what is said in words or letters as well. There are none in a pipe, with NO_COLOR or on a
dumb terminal; --color=always and never decide otherwise.

    error:, what is damaged              bold red
    warning:, partial, shrunk, churned, misdated, absent    bold yellow
    hint:, pinned, moved                 cyan
    HEAD                                 bold cyan
    names of sinks                       bold green
    ids of snapshots                     yellow
    added                                green
    removed                              red
    changed                              yellow
    titles of tables                     bold
## ENVIRONMENT
    EMU_SOURCE      the source, where -S does not name one
    EMU_PAGER       the pager, before PAGER; also of man(1) for pages of the manual
    LESS            options of less; FRX if it is not set
    EMU_DATE        what the clock says, for tests
    NO_COLOR        no colour
    TERM            dumb: no colour, no pager, and nothing that moves the cursor
    LC_ALL, LC_CTYPE, LANG
                    which characters the terminal has
    TZ              the time zone
## EXIT STATUS
    0               done
    1               failed; of several sinks, at least one got no snapshot
    2               the command line cannot be understood
    3               done, but something was left out, and is named
    4               the answer is 'differs', 'damaged' or 'too old', where that was asked
    10              there is no such source, sink, snapshot or path, or another disk is in its place
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
