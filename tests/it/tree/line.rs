//! Lines of the language taken apart and put together: words, escapes, attributes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

/// What an entry is given beside its content.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Attributes {
    pub(super) mode: Option<u32>,
    pub(super) uid: Option<u32>,
    pub(super) gid: Option<u32>,
    /// Major and minor number of a device.
    pub(super) rdev: Option<(u32, u32)>,
    /// Seconds, rounded down, and nanoseconds.
    pub(super) mtime: Option<(i64, i64)>,
    pub(super) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

/// What a file is given to hold.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Data {
    pub(super) text: Option<Vec<u8>>,
    pub(super) size: Option<u64>,
    pub(super) seed: u64,
    pub(super) holes: Vec<(u64, u64)>,
}

/// One line.
pub(super) struct Line {
    pub(super) verb: String,
    pub(super) path: PathBuf,
    /// After `=` or `->`.
    pub(super) other: Option<PathBuf>,
    pub(super) data: Data,
    pub(super) attributes: Attributes,
}

/// Takes a line apart; None for blank lines and comments.
pub(super) fn parse(line: &str) -> Option<Line> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let words = split(line);
    let mut words = words.iter().map(String::as_str);
    let verb = words.next()?.to_owned();
    let path = path_of(words.next().unwrap_or_else(|| panic!("no path: {line}")));
    let mut parsed =
        Line { verb, path, other: None, data: Data::default(), attributes: Attributes::default() };
    while let Some(word) = words.next() {
        match word {
            "=" | "->" => {
                parsed.other = Some(path_of(words.next().unwrap_or_else(|| panic!("no name: {line}"))))
            }
            "xattr" => {
                let (name, value) =
                    words.next().and_then(|word| word.split_once('=')).unwrap_or_else(|| panic!("{line}"));
                parsed.attributes.xattrs.push((unescape(name), unescape(value)));
            }
            _ => option(&mut parsed, word).unwrap_or_else(|| panic!("cannot read '{word}' in: {line}")),
        }
    }
    Some(parsed)
}

/// A word after the path: content, a mode, or `key=value`.
fn option(line: &mut Line, word: &str) -> Option<()> {
    if let Some(text) = word.strip_prefix('"') {
        line.data.text = Some(unescape(text.strip_suffix('"')?));
        return Some(());
    }
    let Some((key, value)) = word.split_once('=') else {
        line.attributes.mode = Some(u32::from_str_radix(word, 8).ok()?);
        return Some(());
    };
    match key {
        "size" => line.data.size = Some(value.parse().ok()?),
        "seed" => line.data.seed = value.parse().ok()?,
        "hole" => {
            let (start, length) = value.split_once('+')?;
            line.data.holes.push((start.parse().ok()?, length.parse().ok()?));
        }
        "uid" => line.attributes.uid = Some(value.parse().ok()?),
        "gid" => line.attributes.gid = Some(value.parse().ok()?),
        "rdev" => {
            let (major, minor) = value.split_once(':')?;
            line.attributes.rdev = Some((major.parse().ok()?, minor.parse().ok()?));
        }
        "mtime" => {
            let (seconds, fraction) = value.split_once('.').unwrap_or((value, ""));
            line.attributes.mtime = Some((seconds.parse().ok()?, format!("{fraction:0<9}").parse().ok()?));
        }
        _ => return None,
    }
    Some(())
}

/// Words between blanks; blanks in quotes do not count.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in line.chars() {
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        match words.last_mut() {
            Some(word) if quoted || !c.is_whitespace() => word.push(c),
            _ => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn path_of(word: &str) -> PathBuf {
    PathBuf::from(OsString::from_vec(unescape(word)))
}

/// The bytes that a word stands for.
pub(super) fn unescape(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word;
    while let Some(at) = rest.find('\\') {
        bytes.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let mut used = 1;
        bytes.push(match escape.as_bytes().first() {
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b's') => b' ',
            Some(&byte @ (b'\\' | b'"')) => byte,
            Some(b'x') => {
                used = 3;
                u8::from_str_radix(&escape[1..3], 16).unwrap()
            }
            _ => panic!("unknown escape in {word}"),
        });
        rest = &escape[used..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// A word that stands for `bytes`; blanks stay as they are where the word will be in quotes.
pub(super) fn escape(bytes: &[u8], quoted: bool) -> String {
    let mut word = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => word.push_str("\\n"),
                '\t' => word.push_str("\\t"),
                ' ' if !quoted => word.push_str("\\s"),
                '\\' | '"' => word.extend(['\\', c]),
                // Wide blanks would end a word; bare quotes would open one.
                c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                    c.to_string().bytes().for_each(|byte| word.push_str(&format!("\\x{byte:02x}")));
                }
                c => word.push(c),
            }
        }
        chunk.invalid().iter().for_each(|byte| word.push_str(&format!("\\x{byte:02x}")));
    }
    word
}
