//! Which lines a release adds, and how much two texts have in common.

/// Says which lines of `new` stand in no longest common subsequence with `old`.
pub fn added_lines(old: &[&str], new: &[&str]) -> Vec<bool> {
    let same_start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (old, rest) = (&old[same_start..], &new[same_start..]);
    let same_end = old
        .iter()
        .rev()
        .zip(rest.iter().rev())
        .take_while(|(a, b)| a == b)
        .count();
    let (old, rest) = (&old[..old.len() - same_end], &rest[..rest.len() - same_end]);
    let width = rest.len() + 1;
    let mut longest = vec![0_u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..rest.len()).rev() {
            longest[i * width + j] = if old[i] == rest[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut added = vec![false; new.len()];
    let (mut i, mut j) = (0, 0);
    while j < rest.len() {
        if i < old.len() && old[i] == rest[j] {
            (i, j) = (i + 1, j + 1);
        } else if i < old.len() && longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            added[same_start + j] = true;
            j += 1;
        }
    }
    added
}

/// Returns the edit similarity of two texts: 1 where they are equal, 0 where nothing agrees.
pub fn similarity(a: &str, b: &str) -> f64 {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let longer = a.len().max(b.len());
    if longer == 0 {
        return 1.0;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    1.0 - row[b.len()] as f64 / longer as f64
}
