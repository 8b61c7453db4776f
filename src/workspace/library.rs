//! The workspace as it is searched: chunks by their words, and outlines by the names they tell of.
//!
//! A file is prepared aside and put in place in one step, and forgotten by its path. No text is
//! kept: what is found is read again, and shown only where it is still what was learnt.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};

use super::chunks::cut;
use super::outlines::{OutlineKind, outlines};
use super::reading::{PartsRead, content_of};
use super::search::PiecesRead;
use super::terms::{ByTerm, Term, each_term, names, term};
use crate::documents::{Language, Survey, survey};

/// A longer text is not searched, in bytes.
const LONGEST_TEXT: usize = 1 << 20;
/// A word counts so often in a chunk at most.
const MOST_OFTEN: u32 = 15;
/// Chunks below this number are not worth clearing up after.
const FEW_CHUNKS: usize = 1_000;

/// A file as it is to be found.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    /// Where it lies on disk; its name towards the library.
    pub path: &'a str,
    /// Its language id.
    pub language: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// How much memory the library may take.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LibraryLimits {
    /// In bytes, as counted by [`Library::bytes`]; files that do not fit are not learnt.
    pub bytes: usize,
}

impl Default for LibraryLimits {
    fn default() -> Self {
        Self {
            bytes: 128 * 1024 * 1024,
        }
    }
}

/// The searchable workspace. All methods take `&self`; a search reads what was in place when it
/// began.
#[derive(Debug, Default)]
pub struct Library {
    limits: LibraryLimits,
    shelf: RwLock<Shelf>,
    pub(super) pieces: PiecesRead,
    pub(super) parts: PartsRead,
}

/// Some lines of a file, where they were when it was indexed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct ChunkEntry {
    pub file: u32,
    pub start: u32,
    pub end: u32,
    pub first_line: u32,
    pub lines: u32,
    /// How many words it has.
    pub words: u32,
    /// The lower half of the hash of its text.
    pub content: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct OutlineEntry {
    pub file: u32,
    pub kind: OutlineKind,
    /// The first line of its first part, and the last line of its last.
    pub lines: (u32, u32),
    pub parts: Box<[(u32, u32)]>,
    /// The lower half of the hash of its parts.
    pub content: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct FileEntry {
    pub path: Box<str>,
    pub family: Term,
    /// The names of its imports, sorted.
    pub imports: Box<[Term]>,
    is_gone: bool,
    /// What it takes, in bytes.
    size: usize,
}

impl FileEntry {
    pub const fn is_there(&self) -> bool {
        !self.is_gone
    }
}

/// Everything known. Chunks and files that are gone stay until a quarter of all is gone.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub files: Vec<FileEntry>,
    by_path: HashMap<Box<str>, u32>,
    pub chunks: Vec<ChunkEntry>,
    /// By word: the chunks that hold it, in the upper 28 bits, and how often, in the lower 4.
    pub postings: ByTerm<Vec<u32>>,
    pub outlines: ByTerm<Vec<OutlineEntry>>,
    /// In how many files a name is imported.
    pub importers: ByTerm<u32>,
    gone_chunks: usize,
    pub words: u64,
    size: usize,
}

/// A file, prepared.
struct Prepared {
    file: FileEntry,
    chunks: Vec<(ChunkEntry, Vec<(Term, u32)>)>,
    outlines: Vec<(Term, OutlineEntry)>,
}

impl Library {
    /// Makes an empty library with these limits.
    #[must_use]
    pub fn with_limits(limits: LibraryLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Learns a file, in place of what was known of it.
    pub fn learn(&self, lesson: &Text<'_>) {
        let prepared = (lesson.text.len() <= LONGEST_TEXT).then(|| prepare(lesson));
        let mut shelf = self.write();
        shelf.forget(lesson.path);
        if let Some(prepared) = prepared
            && shelf.size + prepared.file.size <= self.limits.bytes
        {
            shelf.put(prepared);
        }
        shelf.clear_up();
    }

    /// Forgets a file; nothing of it is found any more.
    pub fn forget(&self, path: &str) {
        let mut shelf = self.write();
        shelf.forget(path);
        shelf.clear_up();
    }

    /// Returns whether a file can be found: it is one of the workspace that may be shown.
    #[must_use]
    pub fn holds(&self, path: &str) -> bool {
        self.read().id_of(path).is_some()
    }

    /// Returns how many files can be found.
    #[must_use]
    pub fn files(&self) -> usize {
        self.read().by_path.len()
    }

    /// Returns about how much memory it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.read().size
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, Shelf> {
        self.shelf.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, Shelf> {
        self.shelf.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn prepare(lesson: &Text<'_>) -> Prepared {
    let text = lesson.text;
    let survey = match Language::by_id(lesson.language) {
        Some(language) => survey(language, text),
        None => Survey::default(),
    };
    let mut size = lesson.path.len() + 200;
    let line_ends: Vec<usize> = memchr::memchr_iter(b'\n', text.as_bytes()).collect();
    let line_at = |byte: u32| narrow(line_ends.partition_point(|&end| end < byte as usize));
    let chunks: Vec<_> = cut(text, &survey)
        .into_iter()
        .map(|chunk| {
            let mut often: ByTerm<u32> = ByTerm::default();
            let mut words = 0;
            each_term(&text[chunk.range.clone()], |term| {
                *often.entry(term).or_default() += 1;
                words += 1;
            });
            size += size_of::<ChunkEntry>() + 6 * often.len();
            let mut often: Vec<_> = often.into_iter().collect();
            often.sort_unstable();
            let entry = ChunkEntry {
                file: 0,
                start: narrow(chunk.range.start),
                end: narrow(chunk.range.end),
                first_line: narrow(chunk.first_line),
                lines: narrow(chunk.lines),
                words,
                content: content_of(std::iter::once(&text[chunk.range])),
            };
            (entry, often)
        })
        .collect();
    let outlines: Vec<_> = outlines(text, &survey, module_name(lesson.path))
        .into_iter()
        .map(|outline| {
            size += size_of::<OutlineEntry>() + 8 * outline.parts.len() + 16;
            let entry = OutlineEntry {
                file: 0,
                kind: outline.kind,
                lines: (
                    outline.parts.first().map_or(0, |part| line_at(part.0)),
                    outline.parts.last().map_or(0, |part| line_at(part.1)),
                ),
                content: content_of(parts_of(text, &outline.parts)),
                parts: outline.parts,
            };
            (outline.name, entry)
        })
        .collect();
    let mut imports: Vec<Term> = survey
        .imports
        .iter()
        .flat_map(|range| names(text.get(range.clone()).unwrap_or_default()))
        .map(term)
        .collect();
    imports.sort_unstable();
    imports.dedup();
    size += 4 * imports.len();
    Prepared {
        file: FileEntry {
            path: lesson.path.into(),
            family: family(lesson.language),
            imports: imports.into(),
            is_gone: false,
            size,
        },
        chunks,
        outlines,
    }
}

/// Returns the name by which other files speak of a file: its stem, or the folder of one that
/// stands for its folder.
pub(super) fn module_name(path: &str) -> &str {
    let mut parts = path.rsplit(['/', '\\']);
    let name = parts.next().unwrap_or(path);
    let stem = name.split('.').next().unwrap_or(name);
    if matches!(stem, "mod" | "lib" | "index" | "__init__") {
        return parts.next().unwrap_or(stem);
    }
    stem
}

fn parts_of<'t>(text: &'t str, parts: &[(u32, u32)]) -> impl Iterator<Item = &'t str> {
    let part = |&(start, end): &(u32, u32)| text.get(start as usize..end as usize);
    parts.iter().filter_map(part)
}

/// Languages whose files use one another's names are one family.
pub(super) fn family(language: &str) -> Term {
    term(match language {
        "c" | "cpp" => "c",
        "javascript" | "javascriptreact" | "typescript" | "typescriptreact" => "javascript",
        other => other,
    })
}

/// Returns a place or a count in four bytes, as they are kept: texts are shorter.
#[must_use]
pub fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

impl Shelf {
    /// Makes a shelf of what is there, with nothing gone.
    pub fn of(
        files: Vec<FileEntry>,
        chunks: Vec<ChunkEntry>,
        postings: ByTerm<Vec<u32>>,
        outlines: ByTerm<Vec<OutlineEntry>>,
    ) -> Self {
        let mut importers: ByTerm<u32> = ByTerm::default();
        for &name in files.iter().flat_map(|file| &file.imports) {
            *importers.entry(name).or_default() += 1;
        }
        let ids = files.iter().enumerate();
        Self {
            by_path: ids
                .map(|(id, file)| (file.path.clone(), narrow(id)))
                .collect(),
            words: chunks.iter().map(|chunk| u64::from(chunk.words)).sum(),
            size: files.iter().map(|file| file.size).sum(),
            gone_chunks: 0,
            files,
            chunks,
            postings,
            outlines,
            importers,
        }
    }

    pub fn id_of(&self, path: &str) -> Option<u32> {
        self.by_path.get(path).copied()
    }

    /// Returns how many chunks can be found.
    pub fn live_chunks(&self) -> usize {
        self.chunks.len() - self.gone_chunks
    }

    fn put(&mut self, prepared: Prepared) {
        let file = narrow(self.files.len());
        self.size += prepared.file.size;
        self.by_path.insert(prepared.file.path.clone(), file);
        for &name in &prepared.file.imports {
            *self.importers.entry(name).or_default() += 1;
        }
        self.files.push(prepared.file);
        for (chunk, often) in prepared.chunks {
            let id = narrow(self.chunks.len());
            self.words += u64::from(chunk.words);
            self.chunks.push(ChunkEntry { file, ..chunk });
            for (term, often) in often {
                let posting = id << 4 | often.min(MOST_OFTEN);
                self.postings.entry(term).or_default().push(posting);
            }
        }
        for (name, outline) in prepared.outlines {
            let entry = OutlineEntry { file, ..outline };
            self.outlines.entry(name).or_default().push(entry);
        }
    }

    fn forget(&mut self, path: &str) {
        let Some(id) = self.by_path.remove(path) else {
            return;
        };
        let file = &mut self.files[id as usize];
        file.is_gone = true;
        self.size -= file.size;
        for name in std::mem::take(&mut file.imports) {
            if let Some(count) = self.importers.get_mut(&name) {
                *count -= 1;
            }
        }
        // The chunks of a file stand one after the other.
        let first = self.chunks.partition_point(|chunk| chunk.file < id);
        let own = self.chunks[first..]
            .iter()
            .take_while(|chunk| chunk.file == id);
        let (count, words) = own.fold((0, 0), |(count, words), chunk| {
            (count + 1, words + u64::from(chunk.words))
        });
        self.gone_chunks += count;
        self.words -= words;
    }

    /// Takes out what is gone, once it is a quarter of all.
    fn clear_up(&mut self) {
        let gone_files = self.files.len() - self.by_path.len();
        let is_littered = self.gone_chunks > FEW_CHUNKS && self.gone_chunks * 4 > self.chunks.len()
            || gone_files > FEW_CHUNKS && gone_files * 2 > self.files.len();
        if is_littered {
            self.drop_gone();
        }
    }

    /// Takes out what is gone.
    pub fn drop_gone(&mut self) {
        let mut new_files = vec![u32::MAX; self.files.len()];
        let mut files = Vec::with_capacity(self.by_path.len());
        for (old, file) in std::mem::take(&mut self.files).into_iter().enumerate() {
            if file.is_there() {
                new_files[old] = narrow(files.len());
                files.push(file);
            }
        }
        self.files = files;
        for id in self.by_path.values_mut() {
            *id = new_files[*id as usize];
        }
        let mut new_chunks = vec![u32::MAX; self.chunks.len()];
        let mut chunks = Vec::with_capacity(self.live_chunks());
        for (old, mut chunk) in std::mem::take(&mut self.chunks).into_iter().enumerate() {
            chunk.file = new_files[chunk.file as usize];
            if chunk.file != u32::MAX {
                new_chunks[old] = narrow(chunks.len());
                chunks.push(chunk);
            }
        }
        self.chunks = chunks;
        self.gone_chunks = 0;
        self.postings.retain(|_, postings| {
            postings.retain_mut(|posting| {
                let id = new_chunks[(*posting >> 4) as usize];
                *posting = id << 4 | *posting & MOST_OFTEN;
                id != u32::MAX
            });
            postings.shrink_to_fit();
            !postings.is_empty()
        });
        self.outlines.retain(|_, outlines| {
            outlines.retain_mut(|outline| {
                outline.file = new_files[outline.file as usize];
                outline.file != u32::MAX
            });
            !outlines.is_empty()
        });
        self.importers.retain(|_, count| *count > 0);
    }
}

#[cfg(test)]
mod tests;
