//! A Rust file read apart just far enough for the checks: code without comments, tests and the
//! insides of literals, and the string literals by themselves.

/// One source file.
#[derive(Clone)]
pub(super) struct Source {
    /// Relative to the package.
    pub(super) path: String,
    /// As it is on disk.
    pub(super) text: String,
    /// As long as `text`, line by line; comments and `#[cfg(test)]` items are blank, and each
    /// character in a literal is an underscore.
    pub(super) code: String,
    /// String literals outside tests: where in `code` each begins, and what it holds, unescaped.
    pub(super) strings: Vec<(usize, String)>,
}

/// A function: its name, where it begins in the code, its own code.
pub(super) struct Function<'a> {
    pub(super) name: &'a str,
    pub(super) code: &'a str,
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Source {
        // Every byte becomes one byte, so that places in text and code agree.
        let mut scanner = Scanner { bytes: text.as_bytes(), at: 0, code: Vec::new(), strings: Vec::new() };
        scanner.run();
        let (mut code, mut strings) = (scanner.code, scanner.strings);
        while let Some((from, to)) = test_item(&code) {
            code[from..to].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            strings.retain(|(at, _)| !(from..to).contains(at));
        }
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
            code: String::from_utf8(code).unwrap(),
            strings,
        }
    }

    /// The line number of a place in the code.
    pub(super) fn line(&self, at: usize) -> usize {
        self.code[..at].matches('\n').count() + 1
    }

    /// `path:line` of a place in the code.
    pub(super) fn place(&self, at: usize) -> String {
        format!("{}:{}", self.path, self.line(at))
    }

    /// Where a word occurs in the code, not as a part of a longer name.
    pub(super) fn find(&self, word: &str) -> Vec<usize> {
        let in_name = |c: char| c.is_alphanumeric() || c == '_';
        let whole = |&at: &usize| {
            let (before, after) = (&self.code[..at], &self.code[at + word.len()..]);
            let begins = !word.starts_with(in_name) || !before.ends_with(in_name);
            begins && (!word.ends_with(in_name) || !after.starts_with(in_name))
        };
        self.code.match_indices(word).map(|(at, _)| at).filter(whole).collect()
    }

    /// Every function that has a body, methods and nested ones included.
    pub(super) fn functions(&self) -> Vec<Function<'_>> {
        let bytes = self.code.as_bytes();
        let starts = self.find("fn ").into_iter();
        let read = |at: usize| {
            let name = self.code[at + 3..].split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
            let open = at + self.code[at..].find(['{', ';'])?;
            let has_body = bytes[open] == b'{' && !name.is_empty();
            has_body.then(|| Function { name, code: &self.code[at..closing(bytes, open)] })
        };
        starts.filter_map(read).collect()
    }
}

/// How many lines of it are neither blank nor comment.
pub(super) fn count(code: &str) -> usize {
    code.lines().filter(|line| !line.trim().is_empty()).count()
}

/// The place after the brace that closes the one at `open`.
fn closing(code: &[u8], open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' if depth == 1 => return at + 1,
            b'}' => depth -= 1,
            _ => {}
        }
    }
    code.len()
}

/// The first item that only tests compile, from its attribute to its end.
fn test_item(code: &[u8]) -> Option<(usize, usize)> {
    const ATTRIBUTE: &[u8] = b"#[cfg(test)]";
    let from = code.windows(ATTRIBUTE.len()).position(|bytes| bytes == ATTRIBUTE)?;
    let mut at = from + ATTRIBUTE.len();
    let mut depth = 0;
    while let Some(byte) = code.get(at) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b';' if depth == 0 => return Some((from, at + 1)),
            b'{' => return Some((from, closing(code, at))),
            _ => {}
        }
        at += 1;
    }
    Some((from, code.len()))
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    code: Vec<u8>,
    strings: Vec<(usize, String)>,
}

impl Scanner<'_> {
    fn run(&mut self) {
        while self.at < self.bytes.len() {
            let rest = &self.bytes[self.at..];
            let in_name = self.at > 0
                && (self.bytes[self.at - 1].is_ascii_alphanumeric() || self.bytes[self.at - 1] == b'_');
            if rest.starts_with(b"//") {
                let length = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
                self.blank(length, b' ');
            } else if rest.starts_with(b"/*") {
                self.blank(block_comment(rest), b' ');
            } else if rest[0] == b'"' {
                self.string(1, b"\"", true);
            } else if let (false, Some(hashes)) = (in_name, raw_string(rest)) {
                let end = [b"\"".as_slice(), &b"#".repeat(hashes)].concat();
                let prefix = rest.iter().position(|byte| *byte == b'"').unwrap_or(0);
                self.string(prefix + 1, &end, false);
            } else if rest[0] == b'\'' {
                self.quote(rest);
            } else {
                // Letters outside ASCII occur in comments and literals only; keep the length.
                self.code.push(if rest[0].is_ascii() { rest[0] } else { b'_' });
                self.at += 1;
            }
        }
    }

    /// Takes `length` bytes and writes `with` for each, lines kept.
    fn blank(&mut self, length: usize, with: u8) {
        let taken = &self.bytes[self.at..self.at + length];
        self.code.extend(taken.iter().map(|byte| if *byte == b'\n' { b'\n' } else { with }));
        self.at += length;
    }

    fn copy(&mut self, length: usize) {
        self.code.extend_from_slice(&self.bytes[self.at..self.at + length]);
        self.at += length;
    }

    /// A string whose opening takes `opening` bytes, up to `end`.
    fn string(&mut self, opening: usize, end: &[u8], escapes: bool) {
        let begin = self.at;
        self.copy(opening);
        let rest = &self.bytes[self.at..];
        let mut length = 0;
        while length < rest.len() && !rest[length..].starts_with(end) {
            length += if escapes && rest[length] == b'\\' { 2 } else { 1 };
        }
        let length = length.min(rest.len());
        self.strings.push((begin, String::from_utf8_lossy(&rest[..length]).into_owned()));
        self.blank(length, b'_');
        self.copy(end.len().min(self.bytes.len() - self.at));
    }

    /// A character, or the name of a lifetime.
    fn quote(&mut self, rest: &[u8]) {
        let character = match rest.get(1) {
            Some(b'\\') => rest[3..].iter().position(|byte| *byte == b'\'').map(|at| at + 4),
            Some(byte) => {
                let width = if *byte < 0x80 { 1 } else { byte.leading_ones() as usize };
                (rest.get(1 + width) == Some(&b'\'')).then_some(width + 2)
            }
            None => None,
        };
        match character {
            Some(length) => self.blank(length, b'_'),
            None => self.copy(1),
        }
    }
}

/// The length of a comment that may hold others.
fn block_comment(rest: &[u8]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if rest[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// The number of hashes if a raw string begins here.
fn raw_string(rest: &[u8]) -> Option<usize> {
    let rest = rest.strip_prefix(b"b").unwrap_or(rest).strip_prefix(b"r")?;
    let hashes = rest.iter().take_while(|byte| **byte == b'#').count();
    (rest.get(hashes) == Some(&b'"')).then_some(hashes)
}

#[cfg(test)]
mod tests {
    use super::{Source, count};

    const TEXT: &str = r###"//! About. "no string"
use std::fmt; // a comment with {
/* nested /* comment */ "still" */
pub fn first<'a>(x: &'a str) -> char {
    let _s = "a \" { brace";
    let _r = r#"raw " string"#;

    '}'
}
#[cfg(test)]
mod tests {
    fn second() { "in tests" }
}
"###;

    #[test]
    fn comments_tests_and_literals_are_no_code() {
        let source = Source::new("x.rs", TEXT);
        assert_eq!(source.code.len(), TEXT.len());
        assert_eq!(count(&source.code), 6);
        let strings: Vec<_> = source.strings.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(strings, ["a \\\" { brace", "raw \" string"]);
    }

    #[test]
    fn functions_are_found_with_their_bodies() {
        let source = Source::new("x.rs", TEXT);
        let found: Vec<_> = source.functions().iter().map(|f| (f.name, count(f.code))).collect();
        assert_eq!(found, [("first", 5)]);
        assert_eq!(source.place(source.find("first")[0]), "x.rs:4");
        assert!(source.find("firs").is_empty());
    }
}
