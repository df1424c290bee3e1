//! `emu install-files`: the pages and completions that are in the program, where other programs
//! look for them.

use crate::cmd::complete::{self, Shell};
use crate::cmd::{Class, Context, Entry, Status, pages, place, read};
use crate::error::{Doing as _, Result};
use crate::fs::{self, Dir};
use crate::quote::quoted_path;
use crate::record::InstalledRecord;
use clap::Args as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

pub(crate) const ENTRY: Entry = Entry {
    name: "install-files",
    class: Class::Porcelain,
    summary: "install the manual and the completions",
    prose: "\
## DESCRIPTION
Writes what is in the program and is no program: the pages of the manual and the completion scripts of
bash, zsh and fish. Each path is printed. A file that is there is replaced as a whole; what else is there
stays. Files get the mode 0644, directories that are missing 0755. The programs themselves are
installed by cargo(1), and are not touched.
## FILES
    P/share/man/man1, man5, man7                    pages
    P/share/bash-completion/completions/emu         bash, where bash-completion is in use
    P/share/zsh/site-functions/_emu                 zsh
    P/share/fish/vendor_completions.d/emu.fish      fish
## EXIT STATUS
0; 1 if a file cannot be written.
## JSON
With --json a record of type 'installed' for each file; see emu-json(5).
## EXAMPLES
For everybody, and for one user:

    sudo emu install-files --prefix /usr/local
    emu install-files --prefix ~/.local
    emu install-files --prefix /usr/local --dry-run
## SEE ALSO
emu-completions(1), emu-help(1)
",
    build: Args::augment_args,
    run: |matches, context| run(&read::<Args>(matches)?, context),
};

/// Installs the pages of the manual and the completions.
#[derive(Debug, clap::Args)]
struct Args {
    /// Where: files go to share/ below it
    #[arg(long, value_name = "DIR", required = true)]
    prefix: PathBuf,

    /// Print what would be written, and write nothing
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// The directory below the prefix, the name, and the content of each file.
fn files() -> Vec<(String, String, String)> {
    let page = |page: &pages::Page| {
        let pages::Page { name, section, text } = *page;
        (format!("share/man/man{section}"), format!("{name}.{section}"), text.to_owned())
    };
    let scripts = [
        ("share/bash-completion/completions", "emu", Shell::Bash),
        ("share/zsh/site-functions", "_emu", Shell::Zsh),
        ("share/fish/vendor_completions.d", "emu.fish", Shell::Fish),
    ];
    let script =
        |(dir, name, shell): (&str, &str, Shell)| (dir.to_owned(), name.to_owned(), complete::script(shell));
    pages::ALL.iter().map(page).chain(scripts.map(script)).collect()
}

fn run(args: &Args, context: &Context) -> Result<Status> {
    let prefix = place::settled(&args.prefix)?;
    if let Some(near) = prefix.ancestors().find_map(|above| fs::open_operator(above).ok()) {
        let cannot = || format!("cannot install below {}", quoted_path(&prefix));
        crate::sink::refuse_inside(&near, &cannot)?;
    }
    for (below, name, content) in files() {
        let path = prefix.join(&below).join(&name);
        if !args.dry_run {
            write(&prefix, &below, &name, &content)
                .doing(|| format!("cannot write {}", quoted_path(&path)))?;
        }
        if context.ui.json() {
            context.ui.record(&InstalledRecord::new(&path))?;
        } else {
            context.ui.path(path.as_os_str().as_bytes())?;
        }
    }
    Ok(None)
}

/// Puts one file in place as a whole.
fn write(prefix: &Path, below: &str, name: &str, content: &str) -> fs::Result<()> {
    let dir = directory(&prefix.join(below))?;
    fs::publish(&dir, name.as_bytes(), content.as_bytes())
}

/// Opens a directory, and makes it and those above it where they are missing.
fn directory(path: &Path) -> fs::Result<Dir> {
    match (fs::open_operator(path), path.parent(), path.file_name()) {
        (Err(fs::Errno::NOENT), Some(parent), Some(name)) => {
            let parent = directory(parent)?;
            match parent.make_dir(name.as_bytes(), 0o755) {
                Ok(()) | Err(fs::Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            let made = parent.open_dir(name.as_bytes())?;
            // Whatever the umask is: others are to read it.
            fs::set_own_mode(&made, 0o755)?;
            Ok(made)
        }
        (opened, ..) => opened,
    }
}
