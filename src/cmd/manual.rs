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
    warning:, partial, shrunk, absent    bold yellow
    hint:, pinned, moved                 cyan
    HEAD                                 bold cyan
    names of sinks                       bold green
    ids of snapshots                     yellow
    added                                green
    removed                              red
    changed                              yellow
    titles of tables                     bold
## ENVIRONMENT
EMU_SOURCE is the source if -S is not given. EMU_PAGER, PAGER and LESS choose the pager. NO_COLOR and TERM decide
on colours and progress, LC_ALL, LC_CTYPE and LANG on characters, TZ on times. EMU_DATE fixes the clock, for
tests.
## EXIT STATUS
0 done; 1 failed; 2 the command line cannot be understood; 3 done but for something that is named; 4 the answer is
'differs' or 'damaged'; 10 no such source, sink, snapshot or path; 11 locked; 130 and 143 interrupted.
";
