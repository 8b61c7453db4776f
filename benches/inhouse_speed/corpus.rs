//! Sources that cargo has already fetched, in one order.

use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_BYTES: u64 = 400_000;

/// One file.
pub struct Source {
    pub path: String,
    pub text: String,
}

impl Source {
    pub fn lines(&self) -> usize {
        self.text.lines().count()
    }
}

/// Returns files of Rust with about so many lines together.
pub fn fetched(lines: usize) -> Vec<Source> {
    let home = std::env::var_os("CARGO_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    let mut paths = Vec::new();
    gather(&home.join("registry/src"), &mut paths);
    paths.sort();
    let mut sources = Vec::new();
    let mut found = 0;
    for path in paths {
        if found >= lines {
            break;
        }
        if let Ok(text) = fs::read_to_string(&path) {
            let path = path.to_string_lossy().into_owned();
            let source = Source { path, text };
            found += source.lines();
            sources.push(source);
        }
    }
    assert!(
        !sources.is_empty(),
        "cargo has fetched no source: run it once with the network"
    );
    sources
}

fn gather(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(meta) = entry.metadata() else { continue };
        if meta.is_dir() {
            gather(&path, paths);
        } else if path.extension().is_some_and(|e| e == "rs") && meta.len() < MAX_FILE_BYTES {
            paths.push(path);
        }
    }
}

pub fn lessons(sources: &[Source]) -> Vec<(String, String, String)> {
    let lesson = |source: &Source| (source.path.clone(), "rust".to_owned(), source.text.clone());
    sources.iter().map(lesson).collect()
}

/// Returns one text of so many lines, made of the files from the middle on.
pub fn long_file(sources: &[Source], lines: usize) -> String {
    let from = sources.len() / 2;
    let texts = sources[from..].iter().chain(&sources[..from]);
    let all = texts.flat_map(|source| source.text.lines());
    all.take(lines).flat_map(|line| [line, "\n"]).collect()
}

/// Returns the nearest place from `at` up where a character begins.
pub fn border(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}

/// A small generator, so that every run asks the same.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}
