//! Where the cursor is put: in lines that a release adds, and in any line.

use std::collections::{BTreeMap, HashMap, HashSet};

use mantle_ls::context::{Edit, MOST_EDITS};
use mantle_ls::documents::{Language, survey};
use mantle_ls::domain::Timestamp;
use mantle_ls::workspace::names;

use super::corpus::Pair;

/// How often a position is drawn for each one that is wanted, until it has such a name.
const DRAWS: usize = 100;

/// Which kind of task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Set {
    Edits,
    Holes,
}

impl Set {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Edits => "edits",
            Self::Holes => "holes",
        }
    }
}

/// The old release of a package, as a workspace.
pub struct Workspace<'p> {
    pub pair: &'p Pair,
    /// Texts by path relative to the root.
    pub files: BTreeMap<String, String>,
    /// In which files a name is defined.
    defined: HashMap<String, HashSet<String>>,
}

/// A cursor in a file, and what is to be known there.
pub struct Position {
    pub set: Set,
    /// Relative to the root.
    pub path: String,
    pub language: &'static str,
    pub before: String,
    pub after: String,
    /// Names of the rest of the line that another file defines and this one does not.
    pub cross_file: Vec<String>,
    /// Those of them that the open file does not hold.
    pub novel: Vec<String>,
    /// What was added before, as if the release had been written file by file and from the top.
    pub edits: Vec<Edit>,
}

/// A file of the newer release, with the lines that are new in it.
struct Newer {
    path: String,
    lines: Vec<String>,
    is_new: Vec<bool>,
}

impl<'p> Workspace<'p> {
    pub fn read(pair: &'p Pair) -> Self {
        let files = pair.files(&pair.old);
        let mut defined: HashMap<String, HashSet<String>> = HashMap::new();
        for (path, text) in &files {
            for name in definitions_of(pair.language(path), text) {
                defined.entry(name).or_default().insert(path.clone());
            }
        }
        Self {
            pair,
            files,
            defined,
        }
    }

    fn position(
        &self,
        set: Set,
        path: &str,
        before: String,
        truth: &str,
        after: String,
    ) -> Option<Position> {
        let open = format!("{before}\n{after}");
        let language = self.pair.language(path);
        let own: HashSet<String> = definitions_of(language, &open).into_iter().collect();
        let held: HashSet<&str> = names(&open).collect();
        // A name that the cursor cuts is to be known whole.
        let start = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_alphanumeric() || *c == '_')
            .last()
            .map_or(before.len(), |(at, _)| at);
        let line = format!("{}{truth}", &before[start..]);
        let mut cross_file: Vec<String> = names(&line)
            .filter(|name| !own.contains(*name))
            .filter(|name| {
                let elsewhere = self.defined.get(*name);
                elsewhere.is_some_and(|files| files.iter().any(|file| file != path))
            })
            .map(str::to_owned)
            .collect();
        cross_file.sort();
        cross_file.dedup();
        let novel: Vec<String> = cross_file
            .iter()
            .filter(|name| !held.contains(name.as_str()))
            .cloned()
            .collect();
        (!cross_file.is_empty()).then(|| Position {
            set,
            language,
            path: path.to_owned(),
            before,
            after,
            cross_file,
            novel,
            edits: Vec::new(),
        })
    }

    /// Cuts the ends of random lines out, at `wanted` places at most.
    pub fn holes(&self, wanted: usize, random: &mut Random) -> Vec<Position> {
        let files: Vec<_> = self
            .files
            .iter()
            .filter(|(path, text)| text.len() > 200 && self.pair.asks_in(path))
            .collect();
        let mut found = Vec::new();
        for _ in 0..wanted * DRAWS {
            if found.len() == wanted || files.is_empty() {
                break;
            }
            let (path, text) = files[random.below(files.len())];
            let lines: Vec<&str> = text.lines().collect();
            let at = random.below(lines.len());
            let below: String = lines[at + 1..]
                .iter()
                .flat_map(|line| ["\n", line])
                .collect();
            if let Some((before, truth)) = cut(&lines, at, random) {
                found.extend(self.position(Set::Holes, path, before, &truth, below));
            }
        }
        found
    }

    /// Puts the cursor into lines that the newer release adds to files of this workspace, at
    /// `wanted` places at most.
    pub fn edits(&self, wanted: usize, random: &mut Random) -> Vec<Position> {
        let newer: Vec<Newer> = self
            .pair
            .files(&self.pair.new)
            .into_iter()
            .filter_map(|(path, text)| {
                // A file that is new may be an old one under a new name, which would be too easy.
                let old = self.files.get(&path).filter(|old| **old != text)?;
                let lines: Vec<String> = text.lines().map(str::to_owned).collect();
                let is_new = added_lines(old, &lines);
                Some(Newer {
                    path,
                    lines,
                    is_new,
                })
            })
            .collect();
        let mut added: Vec<(usize, usize)> = Vec::new();
        for (n, file) in newer.iter().enumerate() {
            let is_asked = self.pair.asks_in(&file.path);
            let lines = (0..file.lines.len())
                .filter(|&at| is_asked && file.is_new[at] && file.lines[at].trim().len() > 2);
            added.extend(lines.map(|at| (n, at)));
        }
        let mut found = Vec::new();
        for _ in 0..wanted * DRAWS {
            if found.len() == wanted || added.is_empty() {
                break;
            }
            let (n, at) = added[random.below(added.len())];
            let file = &newer[n];
            let lines: Vec<&str> = file.lines.iter().map(String::as_str).collect();
            let kept = (at + 1..lines.len()).filter(|&below| !file.is_new[below]);
            let below: String = kept.flat_map(|below| ["\n", lines[below]]).collect();
            if let Some((before, truth)) = cut(&lines, at, random) {
                let position = self.position(Set::Edits, &file.path, before, &truth, below);
                found.extend(position.map(|position| Position {
                    edits: edits_before(&newer, n, at),
                    ..position
                }));
            }
        }
        found
    }
}

/// Returns the newest runs of new lines that stand before a line: in its file and in the files
/// before it, the newest last.
fn edits_before(newer: &[Newer], n: usize, at: usize) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for (file, end) in newer[..=n].iter().rev().zip(
        // The line itself is being written.
        std::iter::once(at).chain(std::iter::repeat(usize::MAX)),
    ) {
        let mut last = end.min(file.lines.len());
        while last > 0 && edits.len() < 2 * MOST_EDITS {
            if !file.is_new[last - 1] {
                last -= 1;
                continue;
            }
            let run = (0..last).rev().take_while(|&line| file.is_new[line]);
            let first = run.last().unwrap_or(last - 1);
            let text = |lines: &[String]| -> String {
                lines.iter().flat_map(|line| [line, "\n"]).collect()
            };
            let start = text(&file.lines[..first]).len();
            let added = text(&file.lines[first..last]);
            edits.push(Edit {
                number: edits.len(),
                path: file.path.clone(),
                place: start..start + added.len(),
                lines: first..last,
                removed: String::new(),
                added,
                at: Timestamp::from_unix_micros(-(edits.len() as i64)),
            });
            last = first;
        }
    }
    edits.reverse();
    edits
}

/// Cuts a line at a random column behind its indentation.
fn cut(lines: &[&str], at: usize, random: &mut Random) -> Option<(String, String)> {
    let line = lines[at].trim_end();
    let lead = line.len() - line.trim_start().len();
    let columns: Vec<usize> = line[lead..].char_indices().map(|(i, _)| lead + i).collect();
    if columns.is_empty() {
        return None;
    }
    let column = columns[random.below(columns.len())];
    let mut before: String = lines[..at].iter().flat_map(|line| [line, "\n"]).collect();
    before.push_str(&line[..column]);
    Some((before, line[column..].to_owned()))
}

/// Says which lines stand nowhere in the old text: a line that was only moved is none.
fn added_lines(old: &str, new: &[String]) -> Vec<bool> {
    let old: HashSet<&str> = old.lines().map(str::trim).collect();
    new.iter().map(|line| !old.contains(line.trim())).collect()
}

fn definitions_of(language: &str, text: &str) -> Vec<String> {
    let Some(language) = Language::by_id(language) else {
        return Vec::new();
    };
    let survey = survey(language, text);
    survey
        .definitions
        .into_iter()
        .map(|one| one.name)
        .filter(|name| name.len() > 1)
        .collect()
}

/// A small generator, so that every run asks the same positions.
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
