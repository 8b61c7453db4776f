//! What others do, on the same positions: nothing of other files; the most similar windows; chunks
//! of thirty lines by BM25. Half the budget is for the lines around the cursor, half for the rest.

use std::collections::{BTreeMap, HashMap, HashSet};

use mantle_ls::context::count_tokens;
use mantle_ls::workspace::names;

use super::positions::Position;

/// The lines around the cursor: four fifths of the room before it, one after.
pub fn local(position: &Position, room: u64) -> String {
    let after = first_lines(&position.after, room / 5);
    let left = room - count_tokens(&after).get();
    let mut lines: Vec<&str> = Vec::new();
    let mut used = 0;
    for line in position.before.split_inclusive('\n').rev() {
        used += count_tokens(line).get();
        if used > left {
            break;
        }
        lines.push(line);
    }
    lines.reverse();
    lines.concat() + &after
}

fn first_lines(text: &str, room: u64) -> String {
    let mut used = 0;
    text.split_inclusive('\n')
        .take_while(|line| {
            used += count_tokens(line).get();
            used <= room
        })
        .collect()
}

/// Fills the room with pieces, the best first; the last one is cut.
pub fn fill<'t>(pieces: impl Iterator<Item = &'t str>, room: u64) -> String {
    let mut text = String::new();
    let mut left = room;
    for piece in pieces {
        let part = first_lines(piece, left);
        left -= count_tokens(&part).get();
        text.push_str(&part);
        if part.len() < piece.len() {
            break;
        }
    }
    text
}

/// The text of a window with the names that it holds.
type Window<'w> = (String, HashSet<&'w str>);

/// Windows of 60 lines, by file.
pub struct Windows<'w>(Vec<(&'w str, Vec<Window<'w>>)>);

impl<'w> Windows<'w> {
    pub fn of(files: &'w BTreeMap<String, String>) -> Self {
        let of_file = |text: &'w str| {
            let lines: Vec<&str> = text.lines().collect();
            let starts = (0..lines.len().max(1)).step_by(20);
            let windows = starts.map(|start| {
                let window = &lines[start..(start + 60).min(lines.len())];
                let held: HashSet<&str> = window.iter().flat_map(|line| names(line)).collect();
                (window.iter().flat_map(|line| [line, "\n"]).collect(), held)
            });
            windows.collect()
        };
        let files = files.iter();
        Self(
            files
                .map(|(path, text)| (path.as_str(), of_file(text)))
                .collect(),
        )
    }

    /// The best window of every other file, by the Jaccard likeness of its names to those of the 60
    /// lines before the cursor.
    pub fn best(&self, position: &Position) -> Vec<&str> {
        let near: Vec<&str> = position.before.lines().rev().take(60).collect();
        let near: HashSet<&str> = near.into_iter().flat_map(names).collect();
        let others = self.0.iter().filter(|(path, _)| *path != position.path);
        let mut windows: Vec<(f64, &str, &str)> = others
            .filter_map(|(path, windows)| {
                let likeness = windows.iter().map(|(text, held)| {
                    let shared = near.iter().filter(|name| held.contains(*name)).count();
                    let all = held.len() + near.len() - shared;
                    (shared as f64 / all.max(1) as f64, *path, text.as_str())
                });
                likeness.max_by(|a, b| a.0.total_cmp(&b.0))
            })
            .collect();
        windows.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        windows.into_iter().map(|(_, _, text)| text).collect()
    }
}

/// Chunks of 30 lines with the words that they hold.
pub struct Chunks<'w> {
    chunks: Vec<(&'w str, String, HashMap<String, usize>, usize)>,
    holding: HashMap<String, usize>,
    mean: f64,
}

impl<'w> Chunks<'w> {
    pub fn of(files: &'w BTreeMap<String, String>) -> Self {
        let mut chunks = Vec::new();
        let mut holding: HashMap<String, usize> = HashMap::new();
        for (path, text) in files {
            let lines: Vec<&str> = text.lines().collect();
            for window in lines.chunks(30) {
                let mut often: HashMap<String, usize> = HashMap::new();
                for name in window.iter().flat_map(|line| names(line)) {
                    *often.entry(name.to_owned()).or_default() += 1;
                }
                for name in often.keys() {
                    *holding.entry(name.clone()).or_default() += 1;
                }
                let length = often.values().sum();
                let text = window.iter().flat_map(|line| [line, "\n"]).collect();
                chunks.push((path.as_str(), text, often, length));
            }
        }
        let words: usize = chunks.iter().map(|chunk| chunk.3).sum();
        Self {
            mean: words as f64 / chunks.len().max(1) as f64,
            chunks,
            holding,
        }
    }

    /// The best chunks for the names of the 30 lines before the cursor and the 10 after it.
    pub fn best(&self, position: &Position) -> Vec<&str> {
        let before = position.before.lines().rev().take(30);
        let near = before.chain(position.after.lines().take(10));
        let near: HashSet<&str> = near.flat_map(names).collect();
        let mut near: Vec<&str> = near.into_iter().collect();
        near.sort_unstable();
        let all = self.chunks.len() as f64;
        let mut scored: Vec<(f64, &String)> = self
            .chunks
            .iter()
            .filter(|(path, ..)| *path != position.path)
            .map(|(_, text, often, length)| {
                let score: f64 = near
                    .iter()
                    .filter_map(|name| {
                        let often = *often.get(*name)? as f64;
                        let holding = self.holding[*name] as f64;
                        let rarity = ((all - holding + 0.5) / (holding + 0.5) + 1.0).ln();
                        let length = 0.25 + 0.75 * *length as f64 / self.mean;
                        Some(rarity * often * 2.2 / (often + 1.2 * length))
                    })
                    .sum();
                (score, text)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        scored.into_iter().map(|(_, text)| text.as_str()).collect()
    }
}
