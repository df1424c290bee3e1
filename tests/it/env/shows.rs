//! Comparing what was printed with what a test expects, and showing the difference by line.

use super::Output;

/// Fails unless the output, as it prints itself, is `expected`. Indentation that all lines of
/// `expected` share does not count, nor blank lines around it or spaces at the end of a line.
#[track_caller]
pub fn assert_shows(output: &Output, expected: &str) {
    assert_text(&output.to_string(), expected);
}

/// The same for any text.
#[track_caller]
pub fn assert_text(actual: &str, expected: &str) {
    let (actual, expected) = (tidy(actual, false), tidy(expected, true));
    if actual != expected {
        panic!(
            "expected (-) and actual (+) differ:\n{}\nactual in full:\n{}\n",
            diff(&expected, &actual),
            actual.join("\n")
        );
    }
}

/// The lines without blank ones around them and, if asked, without their shared indentation.
fn tidy(text: &str, dedent: bool) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let first = lines.iter().position(|line| !line.is_empty()).unwrap_or(lines.len());
    let last = lines.iter().rposition(|line| !line.is_empty()).map_or(first, |last| last + 1);
    let depth = |line: &&str| line.len() - line.trim_start_matches(' ').len();
    let filled = lines[first..last].iter().filter(|line| !line.is_empty());
    let shared = if dedent { filled.map(depth).min().unwrap_or(0) } else { 0 };
    lines[first..last].iter().map(|line| line.get(shared..).unwrap_or("")).collect()
}

/// The longest common lines with a blank before them, the others with `-` or `+`.
fn diff(old: &[&str], new: &[&str]) -> String {
    // common[i][j]: how many lines old[i..] and new[j..] have in common at most.
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let without = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { without };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut text = String::new();
    while i < old.len() || j < new.len() {
        let (sign, line) = if i < old.len() && j < new.len() && old[i] == new[j] {
            (i, j) = (i + 1, j + 1);
            (' ', old[i - 1])
        } else if j == new.len() || (i < old.len() && common[i + 1][j] >= common[i][j + 1]) {
            i += 1;
            ('-', old[i - 1])
        } else {
            j += 1;
            ('+', new[j - 1])
        };
        text.push_str(&format!("{sign} {line}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{assert_text, diff};

    #[test]
    fn indentation_of_the_expected_text_does_not_count() {
        assert_text(
            "$ emu log\n  one\ntwo  \n",
            "
            $ emu log
              one
            two
            ",
        );
    }

    #[test]
    fn a_difference_is_shown_by_line() {
        assert_eq!(diff(&["a", "b", "c"], &["a", "x", "c", "d"]), "  a\n- b\n+ x\n  c\n+ d\n");
    }
}
