//! Big contents that need no room in a test: pseudo-random bytes from a seed, block by block.
//!
//! Each block of 4 KiB begins with the seed, so that a printer can find it again and prove it.

const BLOCK: usize = 4096;

/// `size` bytes for `seed`; zeros for seed 0; zeros also where there are holes (start, length).
pub(super) fn bytes(size: u64, seed: u64, holes: &[(u64, u64)]) -> Vec<u8> {
    let size = usize::try_from(size).unwrap();
    let mut content = vec![0; size];
    if seed != 0 {
        for (number, block) in content.chunks_mut(BLOCK).enumerate() {
            fill(block, seed, number as u64);
        }
    }
    for &(start, length) in holes {
        let (start, length) = (usize::try_from(start).unwrap(), usize::try_from(length).unwrap());
        content[start..start + length].fill(0);
    }
    content
}

fn fill(block: &mut [u8], seed: u64, number: u64) {
    let mut state = seed ^ number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for (place, word) in block.chunks_mut(8).enumerate() {
        // xorshift64*, but the seed itself first.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let value = if place == 0 { seed } else { state.wrapping_mul(0x2545_f491_4f6c_dd1d) };
        word.copy_from_slice(&value.to_le_bytes()[..word.len()]);
    }
}

/// The seed that `content` was made from, if it was.
pub(super) fn seed_of(content: &[u8], holes: &[(u64, u64)]) -> Option<u64> {
    let in_hole = |at: u64| holes.iter().any(|&(start, length)| (start..start + length).contains(&at));
    let first = (0..content.len()).step_by(BLOCK).find(|&at| !in_hole(at as u64));
    let seed = match first {
        Some(at) => {
            let mut seed = [0; 8];
            let found = &content[at..content.len().min(at + 8)];
            seed[..found.len()].copy_from_slice(found);
            u64::from_le_bytes(seed)
        }
        None => 0,
    };
    (bytes(content.len() as u64, seed, holes) == content).then_some(seed)
}
