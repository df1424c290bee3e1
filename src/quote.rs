//! Names are bytes that strangers chose; nothing prints them raw.
//!
//! [`quoted`] is for messages, [`escaped`] for columns on a terminal. Both escape control
//! bytes, bytes that are not UTF-8, the C1 controls and the characters that reorder text.
//! [`ascii`] is what remains of any text where the locale has no UTF-8.

use std::borrow::Cow;

/// The name between single quotes, escaped where it must be.
pub fn quoted(name: impl AsRef<[u8]>) -> String {
    format!("'{}'", escaped(name.as_ref()))
}

/// The path between single quotes, escaped where it must be.
pub fn quoted_path(path: &std::path::Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    quoted(path.as_os_str().as_bytes())
}

/// The name with everything escaped that could steer a terminal or hide another name.
pub fn escaped(name: &[u8]) -> String {
    let mut out = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\n' => out.push_str("\\n"),
                '\t' => out.push_str("\\t"),
                '\r' => out.push_str("\\r"),
                '\\' => out.push_str("\\\\"),
                '\'' => out.push_str("\\'"),
                c if hidden(c) => {
                    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                        out.push_str(&format!("\\x{byte:02x}"));
                    }
                }
                c => out.push(c),
            }
        }
        for byte in chunk.invalid() {
            out.push_str(&format!("\\x{byte:02x}"));
        }
    }
    out
}

/// The text with everything escaped that is not ASCII, for terminals that know no more.
pub fn ascii(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii() => out.push(c),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    Cow::Owned(out)
}

/// Controls (C0, DEL, C1), bidirectional overrides, and invisible separators.
pub fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_without_utf8_gets_bytes_as_numbers() {
        assert_eq!(ascii("Gr\u{fc}n \\x1b"), "Gr\\xc3\\xbcn \\x1b");
        assert_eq!(ascii("plain\n"), "plain\n");
    }

    #[test]
    fn what_could_steer_a_terminal_is_escaped() {
        assert_eq!(quoted(b"plain name.txt"), "'plain name.txt'");
        assert_eq!(quoted("Gr\u{fc}\u{df}e"), "'Gr\u{fc}\u{df}e'");
        assert_eq!(quoted(b"a\x1b[2Jb\nc"), "'a\\x1b[2Jb\\nc'");
        assert_eq!(quoted(b"\xff\xfe"), "'\\xff\\xfe'");
        assert_eq!(quoted("txt.\u{202e}gpj"), "'txt.\\xe2\\x80\\xaegpj'");
        assert_eq!(quoted("it's"), "'it\\'s'");
        assert_eq!(quoted("\u{9b}31m"), "'\\xc2\\x9b31m'");
    }
}
