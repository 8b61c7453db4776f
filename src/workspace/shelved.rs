//! The library from one start to the next: its shelf as bytes, and back.
//!
//! The bytes are sealed by their hash, and what they say of themselves is checked all the same, so
//! that a damaged or foreign file is refused and the library learns anew.

use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};

use super::library::{ChunkEntry, FileEntry, Library, OutlineEntry, Shelf};
use super::terms::{ByTerm, Term};
use crate::domain::fnv1a;

/// Goes up whenever chunks, terms or this form change.
const VERSION: u32 = 2;
const MAGIC: &[u8; 8] = b"mantleli";
/// Bytes before the body: the name, the version and the seal.
const HEAD: usize = 8 + 4 + 8;

/// Why a shelf cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ShelvedError {
    /// It cannot be read.
    #[error("the saved library cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is of another version, damaged or something else.
    #[error("the saved library cannot be used: {0}")]
    Unusable(&'static str),
}

/// What is saved: all that is there, without what is gone.
#[derive(Serialize, Deserialize)]
struct Saved {
    files: Vec<FileEntry>,
    chunks: Vec<ChunkEntry>,
    postings: Vec<(Term, Vec<u32>)>,
    outlines: Vec<(Term, Vec<OutlineEntry>)>,
}

impl Library {
    /// Writes all that it knows.
    ///
    /// # Errors
    /// Whatever the output says.
    pub fn save(&self, output: &mut dyn Write) -> io::Result<()> {
        let body = {
            let mut shelf = self.write();
            shelf.drop_gone();
            let saved = Saved {
                files: shelf.files.clone(),
                chunks: shelf.chunks.clone(),
                postings: sorted(&shelf.postings),
                outlines: sorted(&shelf.outlines),
            };
            drop(shelf);
            postcard::to_stdvec(&saved).map_err(io::Error::other)?
        };
        output.write_all(MAGIC)?;
        output.write_all(&VERSION.to_le_bytes())?;
        output.write_all(&fnv1a(&body).to_le_bytes())?;
        output.write_all(&body)
    }

    /// Knows again what was saved, in place of all that it knows; after an error it knows what it
    /// knew before.
    ///
    /// # Errors
    /// [`ShelvedError`] says why the bytes cannot be used.
    pub fn restore(&self, input: &mut dyn Read) -> Result<(), ShelvedError> {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes)?;
        let shelf = shelf_of(&bytes)?;
        *self.write() = shelf;
        Ok(())
    }
}

fn shelf_of(bytes: &[u8]) -> Result<Shelf, ShelvedError> {
    let (head, body) = bytes
        .split_at_checked(HEAD)
        .ok_or(ShelvedError::Unusable("it is cut off"))?;
    if !head.starts_with(MAGIC) {
        return Err(ShelvedError::Unusable("it is something else"));
    }
    if head[8..12] != VERSION.to_le_bytes() {
        return Err(ShelvedError::Unusable("it is of another version"));
    }
    if head[12..] != fnv1a(body).to_le_bytes() {
        return Err(ShelvedError::Unusable("it is damaged"));
    }
    let saved: Saved =
        postcard::from_bytes(body).map_err(|_| ShelvedError::Unusable("it is damaged"))?;
    let is_file = |file: u32| (file as usize) < saved.files.len();
    let is_chunk = |posting: &u32| ((posting >> 4) as usize) < saved.chunks.len();
    let is_sound = saved.chunks.is_sorted_by_key(|chunk| chunk.file)
        && saved.chunks.iter().all(|chunk| is_file(chunk.file))
        && saved.postings.iter().flat_map(|(_, all)| all).all(is_chunk)
        && saved
            .outlines
            .iter()
            .flat_map(|(_, all)| all)
            .all(|outline| is_file(outline.file));
    if !is_sound {
        return Err(ShelvedError::Unusable("it speaks of what is not there"));
    }
    Ok(Shelf::of(
        saved.files,
        saved.chunks,
        saved.postings.into_iter().collect(),
        saved.outlines.into_iter().collect(),
    ))
}

/// One order, so that the same library makes the same bytes.
fn sorted<T: Clone>(by_term: &ByTerm<Vec<T>>) -> Vec<(Term, Vec<T>)> {
    let mut all: Vec<_> = by_term
        .iter()
        .map(|(term, entries)| (*term, entries.clone()))
        .collect();
    all.sort_unstable_by_key(|(term, _)| *term);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Text;
    use super::*;

    fn library() -> Library {
        let library = Library::default();
        for (path, text) in [
            (
                "/w/ledger.rs",
                "use crate::row::Row;\n\npub struct Ledger {\n    rows: Vec<Row>,\n}\n",
            ),
            ("/w/gone.rs", "pub fn gone() {}\n"),
            ("/w/row.rs", "pub struct Row {\n    pub cents: i64,\n}\n"),
        ] {
            library.learn(&Text {
                path,
                language: "rust",
                text,
            });
        }
        library.forget("/w/gone.rs");
        library
    }

    fn saved(library: &Library) -> Vec<u8> {
        let mut bytes = Vec::new();
        library.save(&mut bytes).expect("memory can be written");
        bytes
    }

    #[test]
    fn what_was_saved_is_known_again_and_makes_the_same_bytes() {
        let first = library();
        let bytes = saved(&first);
        let second = Library::default();
        second.restore(&mut bytes.as_slice()).expect("it is sound");
        assert_eq!((second.files(), second.bytes()), (2, first.bytes()));
        assert_eq!(saved(&second), bytes);
        second.forget("/w/row.rs");
        assert_eq!(second.files(), 1);
    }

    #[test]
    fn a_cut_file_is_refused_and_nothing_is_lost() {
        let bytes = saved(&library());
        for end in 0..bytes.len() {
            let library = library();
            assert!(library.restore(&mut &bytes[..end]).is_err(), "cut at {end}");
            assert_eq!(library.files(), 2);
        }
    }

    proptest! {
        #[test]
        fn a_changed_byte_is_noticed(at in any::<prop::sample::Index>(), mask in 1..=255_u8) {
            let mut bytes = saved(&library());
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
            prop_assert!(Library::default().restore(&mut bytes.as_slice()).is_err());
        }

        #[test]
        fn a_lie_under_a_right_seal_does_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = saved(&library());
            let at = HEAD + at.index(bytes.len() - HEAD);
            bytes[at] = byte;
            let seal = fnv1a(&bytes[HEAD..]).to_le_bytes();
            bytes[12..HEAD].copy_from_slice(&seal);
            let library = Library::default();
            if library.restore(&mut bytes.as_slice()).is_ok() {
                library.forget("/w/row.rs");
                library.forget("/w/ledger.rs");
                let _bytes = saved(&library);
            }
        }
    }
}
