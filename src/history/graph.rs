//! Lines of history in characters, as `git log --graph` draws them: a rail for each line that is
//! still to come, a star for each snapshot, and slashes where lines part. Pure: knows no sink.

/// One snapshot in the drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// What stands before its first line.
    pub own: String,
    /// What stands before its other lines.
    pub rest: String,
    /// Lines of their own behind it.
    pub after: Vec<String>,
}

/// Draws snapshots, the newest first. For each, `parents` has the place of the nearest one in the
/// list that led to it, if there is one; those that are no more leave no gap. `head` is drawn as
/// an at sign.
pub fn draw(parents: &[Option<usize>], head: Option<usize>) -> Vec<Row> {
    // For each rail, the snapshot that it leads to.
    let mut rails: Vec<usize> = Vec::new();
    let mut rows = Vec::with_capacity(parents.len());
    for (at, parent) in parents.iter().enumerate() {
        let own = rails.iter().position(|next| *next == at).unwrap_or_else(|| {
            rails.push(at);
            rails.len() - 1
        });
        let parent = parent.filter(|parent| *parent > at);
        let star = if head == Some(at) { '@' } else { '*' };
        let mut row = Row {
            own: line(rails.len(), own, star),
            rest: line(rails.len(), own, if parent.is_some() { '|' } else { ' ' }),
            after: Vec::new(),
        };
        let meets = parent.and_then(|parent| rails.iter().position(|next| *next == parent));
        match (parent, meets) {
            (None, _) => {
                row.after.extend((own + 1 < rails.len()).then(|| slashes(rails.len(), own, None, true)));
                rails.remove(own);
            }
            (Some(parent), None) => rails[own] = parent,
            (Some(parent), Some(other)) => {
                let (left, right) = (own.min(other), own.max(other));
                let steps = (left + 1..=right).rev();
                row.after =
                    steps.map(|step| slashes(rails.len(), right, Some(step), step == right)).collect();
                rails[left] = parent;
                rails.remove(right);
            }
        }
        rows.push(row);
    }
    rows
}

/// All rails, and `mark` in place of one of them.
fn line(rails: usize, at: usize, mark: char) -> String {
    (0..rails).flat_map(|rail| [if rail == at { mark } else { '|' }, ' ']).collect()
}

/// A line on which rail `gone` goes to the left, from `step` to the one before it, or ends; those
/// on its right take its place on the first such line.
fn slashes(rails: usize, gone: usize, step: Option<usize>, is_first: bool) -> String {
    let mut line = vec![' '; rails * 2];
    for rail in (0..rails).filter(|rail| *rail != gone) {
        match rail {
            rail if rail < gone => line[rail * 2] = '|',
            rail if is_first => line[rail * 2 - 1] = '/',
            rail => line[rail * 2 - 2] = '|',
        }
    }
    if let Some(step) = step {
        line[step * 2 - 1] = '/';
    }
    line.into_iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::draw;

    fn drawn(parents: &[Option<usize>], head: usize) -> String {
        let rows = draw(parents, Some(head)).into_iter().enumerate();
        let lines = rows.flat_map(|(at, row)| std::iter::once(format!("{}{at}", row.own)).chain(row.after));
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn one_line_is_one_rail() {
        assert_eq!(drawn(&[Some(1), Some(2), None], 0), "@ 0\n* 1\n* 2");
        assert_eq!(drawn(&[], 0), "");
    }

    #[test]
    fn a_line_that_forked_goes_back_to_where_it_left() {
        assert_eq!(drawn(&[Some(3), Some(2), Some(3), None], 1), "* 0\n| @ 1\n| * 2\n|/\n* 3");
        // The older line is the one on the right.
        assert_eq!(drawn(&[Some(1), Some(3), Some(3), None], 0), "@ 0\n* 1\n| * 2\n|/\n* 3");
    }

    #[test]
    fn lines_cross_on_their_way_to_the_left() {
        let parents = [Some(3), Some(4), Some(3), Some(4), None];
        assert_eq!(drawn(&parents, 0), "@ 0\n| * 1\n| | * 2\n| |/\n|/|\n* | 3\n|/\n* 4");
    }

    #[test]
    fn a_line_without_origin_ends() {
        assert_eq!(drawn(&[None, Some(2), None], 1), "* 0\n@ 1\n* 2");
        assert_eq!(drawn(&[Some(2), Some(3), None, None], 0), "@ 0\n| * 1\n* | 2\n /\n* 3");
    }
}
