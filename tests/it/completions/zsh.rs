//! zsh.

use super::{job, typed};
use crate::env::need_tool;

#[test]
fn keys_in_a_terminal_become_whole_words() {
    if !(need_tool("zsh") && need_tool("python3")) {
        return;
    }
    let job = job();
    // As a site function, found by its name.
    job.emu.shell("mkdir functions && emu completions zsh > functions/_emu").succeeds();
    let setup = "fpath=($PWD/../functions $fpath); autoload -U compinit; compinit -u -D; PS1='READY>'\n\
                 emu() { printf 'GOT'; printf '[%s]' \"$@\"; printf '<END>'; }\n";
    std::fs::write(job.emu.path(".zshrc"), setup).unwrap();
    let home = format!("ZDOTDIR={}", job.emu.root().display());
    let shell = ["env", &home, "zsh", "-i"];
    for (keys, got) in [
        ("emu pus|\t|us|\t", "[push][usb]"),
        ("emu checkout origin:H|\t", "[checkout][origin:HEAD]"),
        ("emu cat HEAD:my|\t", "[cat][HEAD:my file]"),
        ("emu cat 'HEAD:my|\t", "[cat][HEAD:my file]"),
        ("emu checkout origin:HEAD -- pa|\t", "[checkout][origin:HEAD][--][paper]"),
        ("emu ls --sink=u|\t|-l", "[ls][--sink=usb][-l]"),
        ("emu cat HEAD:d|\t|\t", "[cat][HEAD:d/x]"),
        // zsh takes the slash away at the end of a line.
        ("emu init oth|\t", "[init][other]"),
    ] {
        assert_eq!(typed(&job, &shell, keys), got, "{keys}");
    }
}
