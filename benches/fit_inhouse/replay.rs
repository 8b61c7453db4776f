//! Types the lines that a release adds, and asks the model on the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use mantle_ls::inhouse::{EmbeddedModel, Features, Query};

use super::corpus::Pair;

/// Positions asked in one package: the large ones must not drown the small ones.
const PER_PACKAGE: usize = 500;
const MAX_FILE_BYTES: u64 = 400_000;

/// What the model weighed at one position.
pub struct Position {
    pub alternatives: Vec<Asked>,
}

/// One suggestion and whether it was right.
pub struct Asked {
    pub features: Features,
    pub confidence: f32,
    pub right: bool,
    pub characters: usize,
}

/// What came of a run.
#[derive(Default)]
pub struct Replay {
    pub positions: Vec<Position>,
    pub query_times: Vec<Duration>,
    pub source_bytes: usize,
    pub index_bytes: usize,
    pub learning: Duration,
}

/// Replays the change of every package.
pub fn run(pairs: &[Pair]) -> Replay {
    let mut replay = Replay::default();
    for (n, pair) in pairs.iter().enumerate() {
        replay_pair(pair, n as u64, &mut replay);
    }
    replay
}

fn replay_pair(pair: &Pair, seed: u64, replay: &mut Replay) {
    let old = files(&pair.old);
    let new = files(&pair.new);
    let model = EmbeddedModel::new();
    let lessons = old.iter().map(|(path, text)| {
        let language = language(path).to_owned();
        (path.clone(), language, text.clone())
    });
    let started = Instant::now();
    model.learn_many(lessons.collect::<Vec<_>>().into_iter());
    replay.learning += started.elapsed();
    replay.source_bytes += old.values().map(String::len).sum::<usize>();
    replay.index_bytes += model.bytes();

    let mut added: Vec<(&String, Vec<&str>, Vec<bool>, usize)> = Vec::new();
    for (path, text) in &new {
        // A file that is new may be an old one under a new name, which would be too easy.
        let Some(before) = old.get(path).filter(|before| *before != text) else {
            continue;
        };
        let lines: Vec<&str> = text.lines().collect();
        let is_new = added_lines(&before.lines().collect::<Vec<_>>(), &lines);
        for at in (0..lines.len()).filter(|&at| is_new[at] && lines[at].trim().len() > 2) {
            added.push((path, lines.clone(), is_new.clone(), at));
        }
    }
    let mut random = Random(seed.wrapping_mul(2_654_435_761) + 1);
    for _ in 0..PER_PACKAGE.min(added.len() * 2) {
        let (path, lines, is_new, at) = &added[random.below(added.len())];
        let line = lines[*at].trim_end();
        let lead = line.len() - line.trim_start().len();
        let columns: Vec<usize> = line[lead..].char_indices().map(|(i, _)| lead + i).collect();
        let column = columns[random.below(columns.len())];
        let mut before: String = lines[..*at].iter().flat_map(|l| [l, "\n"]).collect();
        before.push_str(&line[..column]);
        let mut truth = &line[column..];
        let mut after = String::new();
        if random.below(3) == 0 {
            // Some editors close brackets and quotes at once.
            let closed = closing(&line[lead..column]);
            if let Some(inner) = truth.strip_suffix(closed.as_str())
                && !inner.is_empty()
            {
                truth = inner;
                after = closed;
            }
        }
        let kept = (at + 1..lines.len()).filter(|&below| !is_new[below]);
        after.extend(kept.flat_map(|below| ["\n", lines[below]]));
        let query = Query {
            path,
            language: language(path),
            before: &before,
            after: &after,
        };
        // Asked twice: in an editor the file was read at the key before.
        let _ = model.alternatives(&query);
        let started = Instant::now();
        let alternatives = model.alternatives(&query);
        replay.query_times.push(started.elapsed());
        replay.positions.push(Position {
            alternatives: alternatives
                .into_iter()
                .map(|alternative| Asked {
                    characters: alternative.prediction.text.chars().count(),
                    features: alternative.features,
                    confidence: alternative.prediction.confidence.get(),
                    right: alternative.prediction.text.trim() == truth.trim(),
                })
                .collect(),
        });
    }
}

/// Says which lines of `new` stand in no longest common subsequence with `old`.
fn added_lines(old: &[&str], new: &[&str]) -> Vec<bool> {
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

/// Returns what an editor puts behind the cursor for the brackets and quotes open before it.
fn closing(typed: &str) -> String {
    let mut open = Vec::new();
    for c in typed.chars() {
        match c {
            _ if open.last() == Some(&c) => {
                open.pop();
            }
            '"' => open.push('"'),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            _ => {}
        }
    }
    open.iter().rev().collect()
}

fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let Ok(meta) = entry.metadata() else { continue };
            if meta.is_dir() {
                folders.push(path);
            } else if meta.len() < MAX_FILE_BYTES
                && let Ok(relative) = path.strip_prefix(root)
                && let relative = relative.to_string_lossy().into_owned()
                && !language(&relative).is_empty()
                && !relative.contains("dist/")
                && !relative.contains(".min.")
                && let Ok(text) = fs::read_to_string(&path)
            {
                found.insert(relative, text);
            }
        }
    }
    found
}

fn language(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("rs") => "rust",
        Some("py") => "python",
        Some("js" | "mjs" | "cjs") => "javascript",
        Some("ts") => "typescript",
        _ => "",
    }
}

/// A small generator, so that every run asks the same positions.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}
