//! bash, which breaks words at `:`, `=` and `@`.

use super::{job, typed};
use crate::env::need_tool;
use crate::job::Job;

/// What the script leaves in COMPREPLY when the cursor stands at the end of a line.
fn replies(job: &Job, line: &str, words: &[&str], piece: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let script = format!(
        "source <(emu completions bash); COMP_LINE={line:?}; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({}); \
         COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _emu emu {piece:?} x 2>/dev/null; printf '<%s>' \"${{COMPREPLY[@]}}\"",
        words.join(" ")
    );
    job.emu.inside("src").shell(&script).succeeds().stdout
}

#[test]
fn the_script_answers_with_what_fits() {
    let job = job();
    assert_eq!(replies(&job, "emu pus", &["emu", "pus"], "pus"), "<push >");
    assert_eq!(replies(&job, "emu push ", &["emu", "push", ""], ""), "<origin ><usb >");
    assert_eq!(
        replies(&job, "emu checkout origin:H", &["emu", "checkout", "origin", ":", "H"], "H"),
        "<HEAD >"
    );
    assert_eq!(
        replies(&job, "emu cat HEAD:", &["emu", "cat", "HEAD", ":"], ""),
        "<d/><my\\ file ><other/><paper >"
    );
    assert_eq!(replies(&job, "emu push zz", &["emu", "push", "zz"], "zz"), "<>");
    assert_eq!(replies(&job, "emu rotate --sink ", &["emu", "rotate", "--sink", ""], ""), "<>");
    assert_eq!(
        replies(&job, "emu config set push.torn ", &["emu", "config", "set", "push.torn", ""], ""),
        "<warn ><error >"
    );
}

#[test]
fn keys_in_a_terminal_become_whole_words() {
    if !need_tool("python3") {
        return;
    }
    let job = job();
    let setup = "source <(emu completions bash); emu() { printf 'GOT'; printf '[%s]' \"$@\"; printf '<END>'; }; PS1='READY>'";
    std::fs::write(job.emu.path("bashrc"), setup).unwrap();
    let shell = ["bash", "--noprofile", "--rcfile", "../bashrc", "-i"];
    for (keys, got) in [
        ("emu pus|\t|us|\t", "[push][usb]"),
        ("emu checkout origin:H|\t", "[checkout][origin:HEAD]"),
        ("emu cat HEAD:my|\t", "[cat][HEAD:my file]"),
        ("emu cat 'HEAD:my|\t", "[cat][HEAD:my file]"),
        ("emu checkout origin:HEAD -- pa|\t", "[checkout][origin:HEAD][--][paper]"),
        ("emu ls --sink=u|\t|-l", "[ls][--sink=usb][-l]"),
        ("emu ls origin:@{y|\t", "[ls][origin:@{yesterday}:]"),
        ("emu cat HEAD:d|\t|\t", "[cat][HEAD:d/x]"),
        ("emu init oth|\t", "[init][other/]"),
        ("emu config set push.to|\t|e|\t", "[config][set][push.torn][error]"),
    ] {
        assert_eq!(typed(&job, &shell, keys), got, "{keys}");
    }
}
