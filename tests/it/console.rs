//! What README, tutorial and recipes show is what happens: each command of their console blocks is run,
//! one after the other in a home of its own, and what it prints is compared.
//!
//! A line that begins with `$ ` is typed, one with `> ` goes on with it, the others are printed. In the
//! pages of section 7 every output is shown; in README an output that is left out is not compared, but the
//! command has to succeed. Ids, dates of files and the machine's disks differ from run to run.
//! `EMU_BLESS=1 cargo test --test it console` writes the outputs anew.

use std::fs;
use std::path::Path;

use crate::env::Emu;

/// A command of a page and what it shows under it.
struct Step {
    /// Lines of the page before its output, and the first line after it.
    typed: usize,
    end: usize,
    command: String,
    shown: Vec<String>,
}

/// How a page writes its console blocks.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Markdown,
    Roff,
}

impl Form {
    fn begins(self, line: &str) -> bool {
        line == if self == Form::Markdown { "```console" } else { ".EX" }
    }

    fn ends(self, line: &str) -> bool {
        line == if self == Form::Markdown { "```" } else { ".EE" }
    }

    fn read(self, line: &str) -> String {
        match self {
            Form::Markdown => line.to_owned(),
            Form::Roff => {
                let line = line.strip_prefix("\\&").unwrap_or(line);
                let plain = line.replace("\\-", "-").replace("\\(aq", "'").replace("\\(dq", "\"");
                plain.replace("\\(ha", "^").replace("\\(ti", "~").replace("\\e", "\\")
            }
        }
    }

    fn write(self, line: &str) -> String {
        match self {
            Form::Markdown => line.to_owned(),
            Form::Roff => {
                let line = line.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
                if line.starts_with('.') || line.starts_with("\\(aq") { format!("\\&{line}") } else { line }
            }
        }
    }
}

fn steps(text: &str, form: Form) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let (mut inside, mut typing) = (false, false);
    for (at, line) in text.lines().enumerate() {
        if form.begins(line) || form.ends(line) {
            inside = form.begins(line);
            typing = false;
            continue;
        }
        let plain = form.read(line);
        if !inside {
            continue;
        }
        if let Some(command) = plain.strip_prefix("$ ") {
            steps.push(Step { typed: at + 1, end: at + 1, command: command.to_owned(), shown: Vec::new() });
            typing = true;
        } else if let Some(step) = steps.last_mut().filter(|step| step.end == at) {
            step.end = at + 1;
            match plain.strip_prefix("> ").filter(|_| typing) {
                Some(more) => {
                    step.command += &format!("\n{more}");
                    step.typed = at + 1;
                }
                None => {
                    typing = false;
                    step.shown.push(plain);
                }
            }
        }
    }
    steps
}

/// The home of Ada, whose disks are below /mnt.
struct Machine {
    emu: Emu,
}

impl Machine {
    fn new() -> Machine {
        let emu = Emu::new();
        for dir in ["mnt/usb", "mnt/disk", "mnt/new", "mnt/nas"] {
            fs::create_dir_all(emu.path(dir)).unwrap();
        }
        // Later than anything that is made here: what is older than a snapshot may have moved since.
        emu.at("2036-11-22T18:00:00Z");
        fs::write(emu.path("cwd"), emu.path("home").to_str().unwrap()).unwrap();
        Machine { emu }
    }

    /// With the documents that README speaks of.
    fn with_documents() -> Machine {
        let machine = Machine::new();
        machine.emu.tree(
            "home/documents",
            "dir letters/2026\nfile letters/2026/november.txt \"Dear Charles,\"\nfile letters/draft.odt \"x\"",
        );
        machine
    }

    /// Runs a command where the one before ended; what it printed, as Ada sees it, and its status.
    fn run(&self, command: &str) -> (String, i32) {
        if command.contains("emu push") || command.contains("photos push") {
            // As in life, what is saved was not written within the last two seconds.
            std::thread::sleep(std::time::Duration::from_millis(2200));
        }
        let root = self.emu.root().to_str().unwrap();
        let here = |text: &str| {
            text.replace("/home/ada", &format!("{root}/home")).replace("/mnt/", &format!("{root}/mnt/"))
        };
        let line = format!(
            "exec 2>&1; cd \"$(cat '{root}/cwd')\"; {}\nstatus=$?; pwd > '{root}/cwd'; exit $status",
            here(command)
        );
        let output = self.emu.shell(&line);
        let shown = output.stdout.replace(&format!("{root}/home"), "/home/ada");
        let shown = shown.replace(&format!("{root}/mnt"), "/mnt").replace("2036-11-", "2026-11-");
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let shown = shown.replace(&format!(" of {},", host.trim()), " of laptop,");
        let lines = shown.lines().filter(|line| !line.ends_with("one broken disk takes both along"));
        let shown = lines.map(disk).collect();
        (shown, output.status)
    }
}

/// Ada's disks are directories of one disk here; what is said of that one is said of hers.
fn disk(line: &str) -> String {
    if line.contains(" mounted at '") {
        return "  /dev/sdb1 mounted there (ext4), 812 GB free\n".to_owned();
    }
    let mut words: Vec<String> = line.split(' ').map(str::to_owned).collect();
    for at in 1..words.len() {
        if words[at] == "GB" {
            words[at - 1] = "812".to_owned();
        }
    }
    words.join(" ") + "\n"
}

/// Without what differs from run to run: ids become their number, disks and durations words.
fn steady(lines: &[String]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    let hex = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    let mut steady = Vec::new();
    for line in lines {
        let mut shown = String::new();
        for part in line.split_inclusive(|c: char| !c.is_ascii_alphanumeric() && c != '-') {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_id = (word.len() == 12 || word.len() == 40) && hex(word);
            let is_uuid = word.len() == 36 && word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
            if is_id || is_uuid {
                let short = word[..12].to_owned();
                let at = ids.iter().position(|id| *id == short).unwrap_or_else(|| {
                    ids.push(short);
                    ids.len() - 1
                });
                shown += &format!("<id{at}>{}", &part[word.len()..]);
            } else {
                shown += part;
            }
        }
        let mut words: Vec<&str> = shown.split_whitespace().collect();
        for at in 1..words.len() {
            // To the minute, or the time of a file: to the second, or with nine decimals and the zone.
            let time = words[at].trim_end_matches([',', ';']);
            let is_time = [5, 8, 18].contains(&time.len()) && time.as_bytes()[2] == b':';
            let is_zone = words[at - 1].is_empty() && words[at].starts_with('+');
            if is_zone {
                words[at] = "";
            }
            let is_date = words[at - 1].len() == 10 && words[at - 1].matches('-').count() == 2;
            if is_time && is_date {
                (words[at - 1], words[at]) = ("<date>", "");
            }
        }
        steady.push(words.join(" "));
    }
    steady
}

fn check(page: &str, form: Form, machine: impl Fn() -> Machine) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(page);
    let text = fs::read_to_string(&path).unwrap();
    let first = machine();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let (mut shown, mut printed) = (Vec::new(), Vec::new());
    let steps = steps(&text, form);
    assert!(steps.len() > 5, "{page} shows {} commands", steps.len());
    for step in steps.iter().filter(|step| !step.command.starts_with("cargo ")) {
        let (output, status) = first.run(&step.command);
        let silent = form == Form::Markdown && step.shown.is_empty();
        // A command whose failure is shown says so with its error.
        let failure_shown = step.shown.iter().any(|line| line.starts_with("error: "));
        assert!(
            status == 0 || failure_shown || bless(),
            "{page}: $ {}\n{output}[exit {status}]",
            step.command
        );
        if silent {
            continue;
        }
        let output: Vec<String> = output.lines().map(str::to_owned).collect();
        shown.push(format!("$ {}", step.command));
        shown.extend(step.shown.iter().cloned());
        printed.push(format!("$ {}", step.command));
        printed.extend(output);
    }
    if bless() {
        let machine = machine();
        for step in steps.iter().filter(|step| !step.command.starts_with("cargo ")) {
            let (output, _) = machine.run(&step.command);
            if form == Form::Roff || !step.shown.is_empty() {
                let output: Vec<String> = output.lines().map(|line| form.write(line)).collect();
                lines[step.typed - 1] += &format!("\0{}", output.join("\n"));
                lines[step.typed..step.end].iter_mut().for_each(|line| *line = "\0".to_owned());
            }
        }
        lines.retain(|line| line != "\0");
        let text: String =
            lines.iter().map(|line| line.trim_end_matches('\0').replace('\0', "\n") + "\n").collect();
        fs::write(&path, text).unwrap();
        return;
    }
    let (shown, printed) = (steady(&shown), steady(&printed));
    for (at, (shown, printed)) in shown.iter().zip(&printed).enumerate() {
        assert_eq!(shown, printed, "{page}, line {at} of what is shown");
    }
    assert_eq!(shown.len(), printed.len(), "{page}: {:?}", printed.last());
}

fn bless() -> bool {
    std::env::var("EMU_BLESS").is_ok_and(|value| value == "1")
}

#[test]
fn the_tutorial_is_what_happens() {
    check("man/emu-tutorial.7", Form::Roff, Machine::new);
}

#[test]
fn the_recipes_are_what_happens() {
    check("man/emu-recipes.7", Form::Roff, Machine::new);
}

#[test]
fn the_readme_is_what_happens() {
    check("README.md", Form::Markdown, Machine::with_documents);
}
