//! Where the cursor is put: in lines that a release adds, and in any line.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::path::Path;

use mantle_ls::documents::{Language, survey};
use mantle_ls::workspace::names;

/// Positions with a cross-file name that are taken of one package, of each kind: the large ones
/// must not drown the small ones.
const PER_PACKAGE: usize = 40;
/// How often a position is drawn until it has such a name.
const MOST_DRAWS: usize = 4_000;
const MAX_FILE_BYTES: u64 = 400_000;

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

/// A workspace as it is on disk.
pub struct Workspace {
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
}

impl Workspace {
    pub fn read(root: &Path) -> Self {
        let files = files(root);
        let mut defined: HashMap<String, HashSet<String>> = HashMap::new();
        for (path, text) in &files {
            for name in definitions_of(path, text) {
                defined.entry(name).or_default().insert(path.clone());
            }
        }
        Self { files, defined }
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
        let own: HashSet<String> = definitions_of(path, &open).into_iter().collect();
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
            language: language(path),
            path: path.to_owned(),
            before,
            after,
            cross_file,
            novel,
        })
    }

    /// Cuts the ends of random lines out.
    pub fn holes(&self, random: &mut Random) -> Vec<Position> {
        let files: Vec<_> = self
            .files
            .iter()
            .filter(|(_, text)| text.len() > 200)
            .collect();
        let mut found = Vec::new();
        for _ in 0..MOST_DRAWS {
            if found.len() == PER_PACKAGE || files.is_empty() {
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

    /// Puts the cursor into lines that `newer` adds to files of this workspace.
    pub fn edits(&self, newer: &Path, random: &mut Random) -> Vec<Position> {
        let mut added: Vec<(String, Vec<String>, Vec<bool>, usize)> = Vec::new();
        for (path, text) in files(newer) {
            // A file that is new may be an old one under a new name, which would be too easy.
            let Some(old) = self.files.get(&path).filter(|old| **old != text) else {
                continue;
            };
            let lines: Vec<String> = text.lines().map(str::to_owned).collect();
            let is_new = added_lines(old, &lines);
            for at in (0..lines.len()).filter(|&at| is_new[at] && lines[at].trim().len() > 2) {
                added.push((path.clone(), lines.clone(), is_new.clone(), at));
            }
        }
        let mut found = Vec::new();
        for _ in 0..MOST_DRAWS {
            if found.len() == PER_PACKAGE || added.is_empty() {
                break;
            }
            let (path, lines, is_new, at) = &added[random.below(added.len())];
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let kept = (at + 1..lines.len()).filter(|&below| !is_new[below]);
            let below: String = kept.flat_map(|below| ["\n", lines[below]]).collect();
            if let Some((before, truth)) = cut(&lines, *at, random) {
                found.extend(self.position(Set::Edits, path, before, &truth, below));
            }
        }
        found
    }
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

fn definitions_of(path: &str, text: &str) -> Vec<String> {
    let Some(language) = Language::by_path(Path::new(path)) else {
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

pub fn files(root: &Path) -> BTreeMap<String, String> {
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

pub fn language(path: &str) -> &'static str {
    Language::by_path(Path::new(path)).map_or("", |language| language.id)
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
