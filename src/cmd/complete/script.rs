//! The scripts that the shells load. They ask the program; what they know is its programs' names.

use super::Shell;
use crate::cmd::{Class, TABLE};

/// The script of a shell.
pub fn script(shell: Shell) -> String {
    let text = match shell {
        Shell::Bash => include_str!("script/emu.bash"),
        Shell::Zsh => include_str!("script/emu.zsh"),
        Shell::Fish => include_str!("script/emu.fish"),
    };
    let programs = TABLE.iter().filter(|entry| entry.class == Class::Plumbing);
    let names: Vec<String> = programs.map(|entry| format!("emu-{}", entry.name)).collect();
    text.replace("@PROGRAMS@", &format!("emu {}", names.join(" ")))
}
