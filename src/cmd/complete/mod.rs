//! What the word under the cursor may become. The scripts of the shells ask; the command table says
//! which argument stands there, and the name of its value what it takes: `SINK` is a sink, `REV` a
//! revision, `REV:PATH` an entry of a snapshot, `PATH` beside a `REV` one in that snapshot, `COMMAND`
//! a command, `DIR` a directory. A command has nothing else to do for its completion.
//!
//! Answers are silent where something fails, take no lock, and write nothing.

mod inside;
mod line;
mod offer;
mod revisions;
mod scene;
mod script;
mod shell;

pub use script::script;

use std::ffi::OsString;

/// The shells that are served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Shell {
    /// The GNU shell
    Bash,
    /// The Z shell
    Zsh,
    /// The friendly shell
    Fish,
}

/// What the shell adds by itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Files {
    #[default]
    None,
    Any,
    Directories,
}

/// One word that would fit, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Candidate {
    word: String,
    about: String,
}

impl Candidate {
    fn new(word: impl Into<String>, about: impl Into<String>) -> Candidate {
        Candidate { word: word.into(), about: about.into() }
    }
}

/// All that would fit.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offer {
    files: Files,
    candidates: Vec<Candidate>,
}

impl Offer {
    fn of(candidates: Vec<Candidate>) -> Offer {
        Offer { files: Files::None, candidates }
    }

    fn files(files: Files) -> Offer {
        Offer { files, candidates: Vec::new() }
    }

    /// Puts what stands before the part that was completed in front again.
    fn behind(mut self, before: &str) -> Offer {
        for candidate in &mut self.candidates {
            candidate.word.insert_str(0, before);
        }
        self
    }
}

/// The answer to a shell: a line on files, then a candidate a line. bash hands over its line up to
/// the cursor and the part of it that will be replaced; the others hand over words.
pub fn answer(shell: Shell, asked: &[OsString]) -> Vec<String> {
    let texts: Option<Vec<&str>> = asked.iter().map(|text| text.to_str()).collect();
    let Some(texts) = texts else { return vec!["none".to_owned()] };
    match (shell, texts.as_slice()) {
        (Shell::Bash, [line, piece]) => {
            let typed = shell::split(line);
            let offer = offer::offer(&typed.words);
            let fit = |candidate: &Candidate| typed.replacement(&candidate.word, piece);
            lines(&offer, fit)
        }
        (Shell::Zsh | Shell::Fish, [before @ .., last]) => {
            let mut words: Vec<String> = before.iter().map(|word| (*word).to_owned()).collect();
            words.push(shell::unquoted(last));
            lines(&offer::offer(&words), |candidate| Some(format!("{}\t{}", candidate.word, candidate.about)))
        }
        _ => vec!["none".to_owned()],
    }
}

fn lines(offer: &Offer, print: impl Fn(&Candidate) -> Option<String>) -> Vec<String> {
    let files = match offer.files {
        Files::None => "none",
        Files::Any => "files",
        Files::Directories => "directories",
    };
    // Names that a line or a terminal could not show are not offered.
    let plain = |candidate: &&Candidate| !candidate.word.chars().any(crate::quote::hidden);
    let candidates = offer.candidates.iter().filter(plain).filter_map(print);
    std::iter::once(files.to_owned()).chain(candidates).collect()
}

/// Whether more is to be typed behind a word.
fn is_open(word: &str) -> bool {
    word.ends_with(['/', ':', '=', '~'])
}
