//! Reads what was found: from the editor where a file is open there, else from disk, and only where
//! it still says what was learnt.

use std::collections::HashMap;
use std::fs::{File, metadata};
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;
use std::time::SystemTime;

use super::library::FileEntry;
use crate::documents::Rope;
use crate::domain::{Remembered, fnv1a};

/// Parts of files on disk that were read of late, by file, state of the file and what is expected:
/// most of what is found at a place was found at the one before.
pub(super) type PartsRead = Remembered<Arc<str>, 384>;

/// Tells the text of a document that is open: the disk may say something older.
pub type OpenTexts<'a> = &'a dyn Fn(&str) -> Option<Rope>;

/// The files that one search reads.
pub(super) struct Texts<'a> {
    open: OpenTexts<'a>,
    read: &'a PartsRead,
    sources: HashMap<u32, Source>,
}

enum Source {
    Open(Rope),
    OnDisk {
        state: State,
        /// Once something of it is read.
        file: Option<File>,
    },
    Gone,
}

/// The state of a file, as far as it is seen without reading it.
#[derive(Clone, Copy, Hash)]
struct State {
    length: u64,
    modified: Option<SystemTime>,
}

impl<'a> Texts<'a> {
    pub fn new(open: OpenTexts<'a>, read: &'a PartsRead) -> Self {
        Self {
            open,
            read,
            sources: HashMap::new(),
        }
    }

    /// Returns some parts of a file, in bytes, one after the other with a line break between them;
    /// `None` where they are not what was learnt. No more of a file on disk is read than these.
    pub fn of(
        &mut self,
        id: u32,
        file: &FileEntry,
        parts: &[(u32, u32)],
        content: u32,
    ) -> Option<Arc<str>> {
        let (open, read, path) = (self.open, self.read, &*file.path);
        let source = self.sources.entry(id).or_insert_with(|| match open(path) {
            Some(text) => Source::Open(text),
            None => on_disk(path).unwrap_or(Source::Gone),
        });
        match source {
            Source::Gone => None,
            Source::Open(text) => {
                let part = |&(start, end): &(u32, u32)| {
                    let part = text.get_byte_slice(start as usize..end as usize)?;
                    Some(String::from(part))
                };
                said(parts.iter().map(part), content)
            }
            Source::OnDisk { state, file } => {
                read.get_or_try(&(path, *state, parts, content), || {
                    if file.is_none() {
                        *file = Some(File::open(path).ok()?);
                    }
                    let file = file.as_mut()?;
                    said(parts.iter().map(|&part| read_part(file, part)), content)
                })
            }
        }
    }
}

fn on_disk(path: &str) -> Option<Source> {
    let about = metadata(path).ok()?;
    Some(Source::OnDisk {
        state: State {
            length: about.len(),
            modified: about.modified().ok(),
        },
        file: None,
    })
}

fn read_part(file: &mut File, (start, end): (u32, u32)) -> Option<String> {
    file.seek(SeekFrom::Start(u64::from(start))).ok()?;
    let mut bytes = vec![0; end.checked_sub(start)? as usize];
    file.read_exact(&mut bytes).ok()?;
    String::from_utf8(bytes).ok()
}

fn said(parts: impl Iterator<Item = Option<String>>, content: u32) -> Option<Arc<str>> {
    let parts: Vec<String> = parts.collect::<Option<_>>()?;
    let is_the_same = content_of(parts.iter().map(String::as_str)) == content;
    is_the_same.then(|| match <[String; 1]>::try_from(parts) {
        Ok([part]) => part.into(),
        Err(parts) => parts.join("\n").into(),
    })
}

/// Returns the lower half of a hash of some parts of a text.
pub(super) fn content_of<'t>(parts: impl Iterator<Item = &'t str>) -> u32 {
    parts.fold(0_u64, |hash, part| {
        hash.rotate_left(5) ^ fnv1a(part.as_bytes())
    }) as u32
}
