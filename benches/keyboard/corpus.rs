//! Real Rust to type in: sources of crates that this package depends on, in a fixed order.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The crates whose `src/` makes the documents, in this order; their versions are in `Cargo.lock`.
const CRATES: &[&str] = &[
    "tokio",
    "regex-automata",
    "futures-util",
    "hyper",
    "h2",
    "aho-corasick",
    "reqwest",
    "axum",
    "clap_builder",
    "tracing-subscriber",
    "rustls",
    "ropey",
];

/// Characters of a line without its indent: those that are there before somebody types, and the
/// fewest and the most of the whole.
const STARTED: usize = 14;
const SHORTEST: usize = 36;
const LONGEST: usize = 100;

/// The sources, joined.
pub struct Corpus {
    text: String,
    /// Names and versions of the crates, for the table.
    pub crates: Vec<String>,
}

/// A line that is typed in: the document lacks it, the model knows it.
#[derive(Clone, Debug)]
pub struct Place {
    /// The empty line where it belongs.
    pub line: u32,
    /// What is there before somebody types: the indent and a few characters.
    pub start: String,
    /// What is missing behind it.
    pub rest: String,
}

/// A document that lacks some lines, and the whole text. Only whole statements are missing, so that
/// it parses: what a parser makes of damage all over a file would be measured otherwise.
pub struct Page {
    /// What is opened.
    pub text: String,
    /// What the model knows.
    pub whole: Arc<str>,
    /// The lines to type, in an order that jumps about the document.
    pub places: Vec<Place>,
}

impl Corpus {
    /// Reads the crates from cargo's folder of sources.
    pub fn read() -> Result<Self, String> {
        let registry = registry().ok_or("no folder of crate sources; run `cargo fetch`")?;
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        let lock = fs::read_to_string(lock).map_err(|error| format!("Cargo.lock: {error}"))?;
        let mut text = String::new();
        let mut crates = Vec::new();
        for name in CRATES {
            let version = version_of(&lock, name).ok_or(format!("{name} is not in Cargo.lock"))?;
            let name = format!("{name}-{version}");
            let files = rust_files(&registry.join(&name).join("src"));
            if files.is_empty() {
                return Err(format!("no sources of {name}; run `cargo fetch`"));
            }
            for file in files {
                let source = fs::read_to_string(&file).map_err(|error| error.to_string())?;
                text.push_str(&source.replace('\r', ""));
                if !text.ends_with('\n') {
                    text.push('\n');
                }
            }
            crates.push(name);
        }
        Ok(Self { text, crates })
    }

    /// Returns a document of `lines` lines, the `page`th such stretch of the sources, with at most
    /// `places` lines to type.
    pub fn page(&self, lines: usize, places: usize, page: usize) -> Page {
        let source = self.text.split_inclusive('\n').cycle();
        let text: String = source.skip(page * lines).take(lines).collect();
        open_places(&text, places)
    }

    /// Returns the first document of `lines` lines that has `places` lines to type.
    pub fn dense_page(&self, lines: usize, places: usize) -> Option<Page> {
        let pages = self.text.lines().count() / lines;
        (0..pages)
            .map(|page| self.page(lines, places, page))
            .find(|page| page.places.len() == places)
    }

    /// Returns a document of at least `bytes` bytes with lines to type.
    pub fn bulk(&self, bytes: usize, places: usize) -> Page {
        let mut text = String::new();
        let mut lines = self.text.split_inclusive('\n').cycle();
        while text.len() < bytes {
            text.extend(lines.by_ref().take(1_000));
        }
        open_places(&text, places)
    }

    /// Returns a part of the sources, for the other files of a workspace.
    pub fn part(&self, from: usize, lines: usize) -> String {
        self.text
            .split_inclusive('\n')
            .skip(from)
            .take(lines)
            .collect()
    }
}

/// Takes some statements out of a text, none of them near its ends.
fn open_places(text: &str, wanted: usize) -> Page {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut starts = HashMap::new();
    for line in &lines {
        *starts.entry(start_of(line)).or_insert(0_usize) += 1;
    }
    let inside = (lines.len() / 10).max(1)..lines.len() * 9 / 10;
    let fit: Vec<usize> = inside
        .filter(|&at| is_statement(lines[at], lines[at - 1]) && starts[start_of(lines[at])] == 1)
        .collect();
    let step = (fit.len() / wanted.max(1)).max(1);
    let in_order: Vec<usize> = fit.into_iter().step_by(step).take(wanted).collect();
    let count = in_order.len();
    // A stride that shares no factor with the count visits each once, far from the one before.
    let stride = (count * 382 / 1_000 + 1..)
        .find(|&stride| gcd(stride, count) == 1)
        .unwrap_or(1);
    let mut places = Vec::with_capacity(count);
    for at in (0..count).map(|n| in_order[n * stride % count]) {
        let (start, rest) = lines[at].split_at(start_of(lines[at]).len());
        places.push(Place {
            line: u32::try_from(at).unwrap_or(u32::MAX),
            start: start.to_owned(),
            rest: rest.trim_end().to_owned(),
        });
    }
    for at in in_order {
        lines[at] = "\n";
    }
    Page {
        text: lines.concat(),
        whole: text.into(),
        places,
    }
}

/// The part of a line that is there before somebody types.
fn start_of(line: &str) -> &str {
    let indent = line.len() - line.trim_start().len();
    let end = (indent + STARTED).min(line.trim_end().len());
    if line.is_ascii() { &line[..end] } else { line }
}

/// Whether a line is a statement by itself, long enough, and can be taken out without damage.
fn is_statement(line: &str, before: &str) -> bool {
    let code = line.trim();
    let count = |brackets: &[char]| code.matches(brackets).count();
    line.is_ascii()
        && line.ends_with('\n')
        && (SHORTEST..=LONGEST).contains(&code.len())
        && code.starts_with(|first: char| first.is_ascii_alphabetic())
        && code.ends_with(';')
        && count(&['(', '[', '{']) == count(&[')', ']', '}'])
        && (before.trim().is_empty() || before.trim_end().ends_with([';', '{', '}']))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[allow(
    clippy::disallowed_methods,
    reason = "cargo's folder is only told by the environment"
)]
fn registry() -> Option<PathBuf> {
    let home = std::env::var("CARGO_HOME")
        .or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cargo")));
    let sources = Path::new(&home.ok()?).join("registry/src");
    let mut registries: Vec<PathBuf> = fs::read_dir(sources)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    registries.sort();
    registries.into_iter().next()
}

fn version_of<'l>(lock: &'l str, name: &str) -> Option<&'l str> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    entries.sort();
    let mut files = Vec::new();
    for entry in entries {
        if entry.is_dir() {
            files.extend(rust_files(&entry));
        } else if entry.extension().is_some_and(|extension| extension == "rs") {
            files.push(entry);
        }
    }
    files
}
