//! Words as a shell reads and writes them: quotes, backslashes, and the places where bash breaks a
//! word that are no blanks (`:`, `=`, `@`).

use super::is_open;

/// A line of bash up to the cursor.
pub(super) struct Typed {
    /// Its words without quotes; the last may be empty.
    pub(super) words: Vec<String>,
    /// The last word as it stands there.
    raw: String,
    /// The quote that is open at its end.
    quote: Option<char>,
}

/// Takes a line apart.
pub(super) fn split(line: &str) -> Typed {
    let mut typed = Typed { words: vec![String::new()], raw: String::new(), quote: None };
    let mut chars = line.chars();
    let push = |typed: &mut Typed, c: char| {
        if let Some(word) = typed.words.last_mut() {
            word.push(c);
        }
    };
    while let Some(c) = chars.next() {
        if typed.quote.is_none() && c.is_whitespace() {
            if !typed.raw.is_empty() {
                typed.words.push(String::new());
                typed.raw.clear();
            }
            continue;
        }
        typed.raw.push(c);
        match (typed.quote, c) {
            (Some(quote), c) if c == quote => typed.quote = None,
            (None, '\'' | '"') => typed.quote = Some(c),
            (None, '\\') | (Some('"'), '\\') => {
                if let Some(next) = chars.next() {
                    typed.raw.push(next);
                    if typed.quote.is_some() && !matches!(next, '"' | '\\' | '$' | '`') {
                        push(&mut typed, '\\');
                    }
                    push(&mut typed, next);
                }
            }
            _ => push(&mut typed, c),
        }
    }
    typed
}

/// A single word without its quotes, closed or not.
pub(super) fn unquoted(word: &str) -> String {
    split(word).words.join(" ")
}

impl Typed {
    /// What bash is to put in the place of `piece`, the end of the last word that it will replace.
    pub(super) fn replacement(&self, word: &str, piece: &str) -> Option<String> {
        let raw = self.raw.strip_suffix(piece).unwrap_or_default();
        let kept = match self.quote {
            Some(quote) => raw.strip_suffix(quote).unwrap_or(raw),
            None => raw,
        };
        let rest = word.strip_prefix(&*unquoted(kept))?;
        // A quote stays open: bash closes it.
        Some(match self.quote {
            Some('\'') if rest.contains('\'') => return None,
            Some('\'') => rest.to_owned(),
            Some(_) => escaped(rest, |c| matches!(c, '"' | '\\' | '$' | '`')),
            None => {
                let begins = kept.is_empty();
                let mut text = escaped(rest, is_special);
                if begins && text.starts_with(['~', '#']) {
                    text.insert(0, '\\');
                }
                if is_open(word) { text } else { text + " " }
            }
        })
    }
}

fn escaped(text: &str, special: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if special(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

fn is_special(c: char) -> bool {
    c.is_whitespace() || "'\"\\$`&|;<>()*?[]!".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{split, unquoted};

    #[test]
    fn a_line_falls_into_words_as_in_the_shell() {
        let words = |line: &str| split(line).words.join("|");
        assert_eq!(words("emu push "), "emu|push|");
        assert_eq!(words("emu  cat 'my fi"), "emu|cat|my fi");
        assert_eq!(words("emu cat my\\ fi\"l\\\"e\" x"), "emu|cat|my fil\"e|x");
        assert_eq!(words("emu cat '' \"a\\b"), "emu|cat||a\\b");
        assert_eq!(unquoted("'a b"), "a b");
    }

    #[test]
    fn only_the_piece_behind_the_last_break_is_replaced() {
        let fit = |line: &str, piece: &str, word: &str| split(line).replacement(word, piece).unwrap();
        assert_eq!(fit("emu log origin:HE", "HE", "origin:HEAD"), "HEAD ");
        assert_eq!(fit("emu log HEAD:", "", "HEAD:my dir/"), "my\\ dir/");
        assert_eq!(fit("emu log --sink=or", "or", "--sink=origin"), "origin ");
        assert_eq!(fit("emu log origin:@{y", "@{y", "origin:@{yesterday}"), "@{yesterday} ");
        assert_eq!(fit("emu log 'origin:my fi", "origin:my fi", "origin:my file"), "origin:my file");
        assert_eq!(fit("emu log origin:\"my fi", "my fi", "origin:my $file"), "my \\$file");
        assert_eq!(fit("emu log '@{2 days ago}':d", "d", "@{2 days ago}:dir/"), "dir/");
        assert_eq!(split("emu log 'a").replacement("a'b", "a"), None);
    }
}
