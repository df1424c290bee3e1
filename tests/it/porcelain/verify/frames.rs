//! Manifests in other frames than push cuts, and such as a stranger wrote: verify reads several
//! frames at once, and still says of each what a reader of lines says.

use std::io::BufReader;

use emu::sink::Node;
use emu::tree::{Digest, ManifestReader};

use super::{Saved, saved};

impl Saved {
    /// Puts another manifest in place of the newest one, with a node that names it.
    fn replace_manifest(&mut self, stored: &[u8]) {
        let old = self.ids[0].clone();
        let mut node = Node::parse(&old, &std::fs::read(self.inside("nodes").join(&old)).unwrap()).unwrap();
        node.manifest.sha256 = Digest::of(stored);
        let node = node.seal().unwrap();
        if node.id != old {
            for place in ["nodes", "manifests", "excluded", "trees"] {
                let place = self.inside(place);
                std::fs::rename(place.join(&old), place.join(&node.id)).unwrap();
            }
        }
        std::fs::write(self.inside("manifests").join(&node.id), stored).unwrap();
        std::fs::write(self.inside("nodes").join(&node.id), node.to_json()).unwrap();
        self.ids[0] = node.id;
    }

    /// The newest manifest's lines.
    fn lines(&self) -> Vec<String> {
        let stored = std::fs::read(self.inside("manifests").join(&self.ids[0])).unwrap();
        let text = String::from_utf8(zstd::decode_all(&stored[..]).unwrap()).unwrap();
        text.lines().map(|line| format!("{line}\n")).collect()
    }

    /// What verify says of the newest manifest.
    fn said(&self) -> Option<String> {
        let records = self.emu.run(&["verify", "--json", "./sink"]).records();
        let bad =
            records.iter().find(|record| record["type"] == "finding" && record["what"] == "manifest")?;
        assert_eq!(bad["id"], *self.ids[0]);
        Some(bad["found"].as_str().unwrap().to_owned())
    }

    /// What a reader of lines says.
    fn expected(&self) -> Option<String> {
        let stored = std::fs::read(self.inside("manifests").join(&self.ids[0])).unwrap();
        let input = BufReader::new(zstd::Decoder::new(&stored[..]).unwrap());
        let mut reader = match ManifestReader::new(input, format!("the manifest of {}", &self.ids[0][..12])) {
            Ok(reader) => reader,
            Err(error) => return Some(error.to_string()),
        };
        loop {
            match reader.next_listing() {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(error.to_string()),
            }
        }
    }
}

/// Cuts bytes at these places and packs each piece.
fn pack(text: &[u8], cuts: &[usize]) -> Vec<u8> {
    let ends = cuts.iter().copied().chain([text.len()]);
    let mut start = 0;
    let mut stored = Vec::new();
    for end in ends {
        stored.extend(zstd::bulk::compress(&text[start..end], 3).unwrap());
        start = end;
    }
    stored
}

/// Ways to cut lines into frames: not at all, after each, at two places, and inside lines.
fn framings(lines: &[String]) -> Vec<Vec<u8>> {
    let text = lines.concat();
    let mut ends = Vec::new();
    for line in &lines[..lines.len() - 1] {
        ends.push(ends.last().unwrap_or(&0) + line.len());
    }
    let inside: Vec<usize> = ends.iter().map(|end| end + 9).filter(|at| *at < text.len()).collect();
    let third = lines.len() / 3;
    let cuts = [vec![], ends[1..].to_vec(), vec![ends[third], ends[2 * third]], inside, ends.clone()];
    cuts.iter().map(|cuts| pack(text.as_bytes(), cuts)).collect()
}

#[test]
fn a_sound_manifest_may_be_cut_anywhere() {
    let mut saved = saved();
    for stored in framings(&saved.lines()) {
        saved.replace_manifest(&stored);
        saved.finds(&[]);
    }
}

#[test]
fn what_breaks_a_rule_is_refused_as_a_reader_of_lines_refuses_it() {
    let mut saved = saved();
    let lines = saved.lines();
    let last = lines.len() - 1;
    let mut hostile: Vec<Vec<String>> = Vec::new();
    for at in 2..=last {
        let mut without = lines.clone();
        without.remove(at);
        let mut twice = lines.clone();
        twice.insert(at, lines[at].clone());
        let mut swapped = lines.clone();
        swapped.swap(at - 1, at);
        let mut broken = lines.clone();
        broken[at] = lines[at].replace("\":", "\" ");
        let mut elsewhere = lines.clone();
        elsewhere[at] =
            lines[at].replace("\"path\":\"", "\"path\":\"b/").replace("\"tree\":\"", "\"tree\":\"0");
        let mut bigger = lines.clone();
        bigger[at] = lines[at].replace("\"size\":", "\"size\":1844674407370").replace("0755", "0700");
        hostile.extend([without, twice, swapped, broken, elsewhere, bigger]);
    }
    let mut more = lines.clone();
    more.push("\n".to_owned());
    hostile.push(more);
    for (number, lines) in hostile.into_iter().enumerate() {
        let framings = framings(&lines);
        // All in one frame, and one of the other ways in turn.
        for stored in [&framings[0], &framings[1 + number % (framings.len() - 1)]] {
            saved.replace_manifest(stored);
            assert_eq!(saved.said(), saved.expected(), "{}", lines.concat());
        }
    }
}

#[test]
fn a_manifest_that_is_no_run_of_frames_is_refused_where_it_ceases_to_be_one() {
    let mut saved = saved();
    let lines = saved.lines();
    for stored in framings(&lines) {
        let half = stored.len() / 2;
        let mut flipped = stored.clone();
        flipped[half] ^= 0x55;
        let between = [&pack(lines[..4].concat().as_bytes(), &[])[..], b"no frame", &stored].concat();
        let behind = [&stored[..], b"no frame"].concat();
        for bad in [&stored[..half], &stored[..stored.len() - 1], &flipped, &between, &behind] {
            saved.replace_manifest(bad);
            let expected = saved.expected();
            assert_eq!(saved.said(), expected);
        }
    }
}

#[test]
fn what_stands_before_the_damage_of_a_manifest_is_checked_all_the_same() {
    let mut saved = saved();
    let mut lines = saved.lines();
    let last = lines.len() - 1;
    lines[last] = lines[last].replace("\"tree\":\"", "\"tree\":\"0");
    saved.damage("attr a/x 0600");
    for stored in framings(&lines) {
        saved.replace_manifest(&stored);
        let found = saved.findings(&[]);
        let has = |what: &str| found.iter().any(|line| line.starts_with(what));
        assert!(has("1 manifest ") && has("1 mode a/x ") && has("2 mode a/x "), "{found:?}");
    }
}
