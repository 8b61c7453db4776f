//! What was learnt as bytes, and back.
//!
//! The bytes are the index as it is, so that taking it back is reading and checking, no lexing and
//! no sorting. Nothing in them is believed: every part has a checksum, and what would make a query
//! fail is looked for even where the checksum holds. The lay-out, all numbers little-endian:
//!
//! ```text
//! "mantle\0i"  version: u32  lexer: u64  families: u32  seal
//! per family    name  segments: u32  seal
//! per segment   tokens: u32  words: u32  bytes of texts: u32  files: u32  seal
//!               per file: path  language  stamp: u64  end of its tokens: u32
//!               tokens and places of 3 bytes; ids, texts_at, places_at of 4; texts  seal
//! ```
//!
//! A name is its length as u32 and its bytes. A seal is a hash of all that stands before it.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::sync::Arc;

use super::language::family;
use super::lex::{Lexed, TokenId, hash_bytes};
use super::model::{Catalogue, Edition, Known};
use super::packed::{LIMIT, Packed};
use super::segment::{FileSpan, Segment};
use super::shelves::Shelves;

const MAGIC: [u8; 8] = *b"mantle\0i";
/// Goes up when the lay-out or the meaning of the bytes changes.
const VERSION: u32 = 1;
/// Longer than any path or language.
const MAX_NAME_BYTES: usize = 1 << 16;
/// Some of all that the lexer tells apart: when it cuts this otherwise, old bytes mean nothing.
const SAMPLE: &str = "// é\nfn f<'a>(x: &'a [u8]) -> V<V<u8>> {\n\t\tlet x_1 = a::b(1.5, 0..=9)? + \"s\";\n\n\
    \t$y |= !z && w >= 0x1f || u ?? v; // ----\n}\n/** => */ a <- b; i++; --j; k ** 2 #####\n";

/// Why saved bytes were not taken back. Whatever it is, learning the files again mends it.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// They could not be read.
    #[error("what was learnt could not be read: {0}; learn the files again")]
    Read(io::Error),
    /// Something else.
    #[error("these bytes are not what an embedded model has learnt; learn the files again")]
    Foreign,
    /// Another version of this program wrote them.
    #[error("another version of mantle has saved what was learnt; learn the files again")]
    Version,
    /// They end too early.
    #[error("what was learnt was not saved to its end; learn the files again")]
    Cut,
    /// They are not what was written.
    #[error("what was learnt is damaged; learn the files again")]
    Damaged,
    /// They would take more memory than the model may hold, in bytes.
    #[error(
        "what was learnt takes {bytes} bytes and {max_bytes} are allowed; learn fewer files again"
    )]
    TooLarge {
        /// What they would take.
        bytes: usize,
        /// What [`Settings`](super::Settings) allow.
        max_bytes: usize,
    },
}

impl From<io::Error> for RestoreError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Cut,
            _ => Self::Read(error),
        }
    }
}

/// Writes everything.
pub(super) fn write(
    known: &Known,
    catalogue: &Catalogue,
    output: &mut dyn Write,
) -> io::Result<()> {
    let mut output = Sealing {
        output: BufWriter::new(output),
        hash: 0,
    };
    output.put(&MAGIC)?;
    output.number(VERSION)?;
    output.put(&lexer().to_le_bytes())?;
    output.number(known.families.len() as u32)?;
    output.seal()?;
    for (name, shelves) in &known.families {
        output.name(name)?;
        output.number(shelves.iter().count() as u32)?;
        output.seal()?;
        for segment in shelves.iter() {
            write_segment(segment, catalogue, &mut output)?;
        }
    }
    output.output.flush()
}

fn write_segment(
    segment: &Segment,
    catalogue: &Catalogue,
    output: &mut Sealing<'_>,
) -> io::Result<()> {
    let sizes = [
        segment.len(),
        segment.ids.len(),
        segment.texts.len(),
        segment.files.len(),
    ];
    for size in sizes {
        output.number(size as u32)?;
    }
    output.seal()?;
    for file in &segment.files {
        let edition = catalogue.get(&file.path);
        output.name(&file.path)?;
        output.name(edition.map_or("", |edition| &edition.language))?;
        let stamp = edition.map_or(0, |edition| edition.stamp);
        output.put(&stamp.to_le_bytes())?;
        output.number(file.tokens.end)?;
    }
    output.put(segment.tokens.as_bytes())?;
    output.put(segment.places.as_bytes())?;
    output.numbers(segment.ids.iter().map(|id| id.get()))?;
    output.numbers(segment.texts_at.iter().copied())?;
    output.numbers(segment.places_at.iter().copied())?;
    output.put(segment.texts.as_bytes())?;
    output.seal()
}

/// Reads everything back; the input must end where it ends.
pub(super) fn read(
    max_bytes: usize,
    input: &mut dyn Read,
) -> Result<(Known, Catalogue), RestoreError> {
    let mut input = Unsealing {
        input: BufReader::new(input),
        hash: 0,
    };
    let magic: [u8; 8] = input.array()?;
    if magic != MAGIC {
        return Err(RestoreError::Foreign);
    }
    let version = input.number()?;
    let same_lexer = u64::from_le_bytes(input.array()?) == lexer();
    let n_families = input.number()?;
    if version != VERSION {
        return Err(RestoreError::Version);
    }
    input.unseal()?;
    if !same_lexer {
        return Err(RestoreError::Version);
    }
    let mut reader = Reading {
        input,
        room: max_bytes,
        max_bytes,
        catalogue: Catalogue::new(),
        languages: HashMap::new(),
    };
    let mut families = BTreeMap::new();
    for _ in 0..n_families {
        let name = reader.input.name()?;
        let n_segments = reader.input.number()?;
        reader.input.unseal()?;
        let mut segments = Vec::new();
        for _ in 0..n_segments {
            segments.push(Arc::new(reader.segment(&name)?));
        }
        families.insert(name, Arc::new(Shelves::of(segments)));
    }
    if reader.input.input.read(&mut [0])? > 0 {
        return Err(RestoreError::Damaged);
    }
    Ok((Known { families }, reader.catalogue))
}

struct Reading<'a> {
    input: Unsealing<'a>,
    room: usize,
    max_bytes: usize,
    catalogue: Catalogue,
    languages: HashMap<String, Arc<str>>,
}

impl Reading<'_> {
    fn segment(&mut self, of_family: &str) -> Result<Segment, RestoreError> {
        let [n_tokens, n_words, n_texts, n_files] = self.sizes()?;
        let mut files = Vec::new();
        let mut end = 0;
        for _ in 0..n_files {
            let path: Arc<str> = self.input.name()?.into();
            let language = self.input.name()?;
            let stamp = u64::from_le_bytes(self.input.array()?);
            let tokens = end..self.input.number()?;
            end = tokens.end;
            if family(&language) != of_family || tokens.is_empty() {
                return Err(RestoreError::Damaged);
            }
            let language = self.language(language);
            let edition = Edition { language, stamp };
            if self.catalogue.insert(Arc::clone(&path), edition).is_some() {
                return Err(RestoreError::Damaged);
            }
            files.push(FileSpan { path, tokens });
        }
        files.shrink_to_fit();
        let segment = Segment {
            tokens: Packed::of_bytes(n_tokens, |bytes| self.input.fill(bytes))?,
            places: Packed::of_bytes(n_tokens, |bytes| self.input.fill(bytes))?,
            ids: self.input.numbers(n_words, TokenId::from_number)?,
            texts_at: self.input.numbers(n_words + 1, |number| number)?,
            places_at: self.input.numbers(n_words + 1, |number| number)?,
            texts: self.input.text(n_texts)?,
            files,
        };
        self.input.unseal()?;
        if segment.is_sound() {
            Ok(segment)
        } else {
            Err(RestoreError::Damaged)
        }
    }

    /// Reads how large a segment is, before anything of that size is made.
    fn sizes(&mut self) -> Result<[usize; 4], RestoreError> {
        let mut sizes = [0; 4];
        for size in &mut sizes {
            *size = self.input.number()? as usize;
        }
        self.input.unseal()?;
        let [n_tokens, n_words, n_texts, n_files] = sizes;
        if n_tokens >= LIMIT || n_words > n_tokens || n_files > n_tokens {
            return Err(RestoreError::Damaged);
        }
        let bytes = Segment::bytes_for(n_tokens, n_words) + n_texts;
        self.room = self.room.checked_sub(bytes).ok_or(RestoreError::TooLarge {
            bytes: self.max_bytes - self.room + bytes,
            max_bytes: self.max_bytes,
        })?;
        Ok(sizes)
    }

    fn language(&mut self, name: String) -> Arc<str> {
        let known = self.languages.entry(name);
        let shared: Arc<str> = known.key().as_str().into();
        Arc::clone(known.or_insert(shared))
    }
}

impl Segment {
    /// Returns whether no query can fail on it.
    fn is_sound(&self) -> bool {
        let n_words = self.ids.len();
        let covers = |at: &[u32], end: usize| {
            at.first() == Some(&0)
                && at.last().is_some_and(|&last| last as usize == end)
                && at.is_sorted()
        };
        let spans_end = self.files.last().map_or(0, |file| file.tokens.end as usize);
        let largest_token = self.tokens.iter().max().unwrap_or(0);
        let largest_place = self.places.iter().max().unwrap_or(0);
        self.ids.first() == Some(&TokenId::BORDER)
            && self.ids.is_sorted_by(|a, b| a < b)
            && covers(&self.texts_at, self.texts.len())
            && covers(&self.places_at, self.places.len())
            && self
                .texts_at
                .iter()
                .all(|&at| self.texts.is_char_boundary(at as usize))
            && ((largest_token >> 1) as usize) < n_words
            && (largest_place as usize) < self.len()
            && self.files.is_sorted_by(|a, b| a.path < b.path)
            && spans_end == self.len()
    }
}

/// Says how the lexer cuts and names tokens.
fn lexer() -> u64 {
    let tokens = Lexed::new(SAMPLE).tokens;
    let bytes: Vec<u8> = tokens
        .iter()
        .flat_map(|token| (token.id.get() << 1 | u32::from(token.gap)).to_le_bytes())
        .collect();
    hash_bytes(&bytes)
}

/// Mixes the next bytes into the hash of those before. The writer and the reader cut them alike.
fn mixed(hash: u64, bytes: &[u8]) -> u64 {
    hash_bytes(&[hash.to_le_bytes(), hash_bytes(bytes).to_le_bytes()].concat())
}

struct Sealing<'a> {
    output: BufWriter<&'a mut dyn Write>,
    hash: u64,
}

impl Sealing<'_> {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hash = mixed(self.hash, bytes);
        self.output.write_all(bytes)
    }

    fn number(&mut self, number: u32) -> io::Result<()> {
        self.put(&number.to_le_bytes())
    }

    fn numbers(&mut self, mut numbers: impl Iterator<Item = u32>) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(CHUNK_BYTES);
        loop {
            bytes.clear();
            let chunk = numbers.by_ref().take(CHUNK_BYTES / 4);
            bytes.extend(chunk.flat_map(u32::to_le_bytes));
            if bytes.is_empty() {
                return Ok(());
            }
            self.put(&bytes)?;
        }
    }

    fn name(&mut self, name: &str) -> io::Result<()> {
        self.number(name.len() as u32)?;
        self.put(name.as_bytes())
    }

    fn seal(&mut self) -> io::Result<()> {
        self.output.write_all(&self.hash.to_le_bytes())
    }
}

/// Numbers are turned into bytes so many at a time.
const CHUNK_BYTES: usize = 1 << 14;

struct Unsealing<'a> {
    input: BufReader<&'a mut dyn Read>,
    hash: u64,
}

impl Unsealing<'_> {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), RestoreError> {
        self.input.read_exact(bytes)?;
        self.hash = mixed(self.hash, bytes);
        Ok(())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RestoreError> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    fn number(&mut self) -> Result<u32, RestoreError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn numbers<T>(&mut self, n: usize, of: impl Fn(u32) -> T) -> Result<Vec<T>, RestoreError> {
        let mut numbers = Vec::with_capacity(n);
        let mut bytes = vec![0; CHUNK_BYTES];
        while numbers.len() < n {
            let chunk = &mut bytes[..CHUNK_BYTES.min((n - numbers.len()) * 4)];
            self.fill(chunk)?;
            let (fours, _) = chunk.as_chunks();
            numbers.extend(fours.iter().map(|four| of(u32::from_le_bytes(*four))));
        }
        Ok(numbers)
    }

    fn text(&mut self, n: usize) -> Result<String, RestoreError> {
        let mut bytes = vec![0; n];
        self.fill(&mut bytes)?;
        String::from_utf8(bytes).map_err(|_| RestoreError::Damaged)
    }

    fn name(&mut self) -> Result<String, RestoreError> {
        let len = self.number()? as usize;
        if len > MAX_NAME_BYTES {
            return Err(RestoreError::Damaged);
        }
        self.text(len)
    }

    fn unseal(&mut self) -> Result<(), RestoreError> {
        let mut bytes = [0; 8];
        self.input.read_exact(&mut bytes)?;
        if u64::from_le_bytes(bytes) == self.hash {
            Ok(())
        } else {
            Err(RestoreError::Damaged)
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{EmbeddedModel, LearntFile, Lesson, Prediction, Query, Settings};
    use super::*;

    const TEXT: &str = "let a = pool.get(one);\nlet b = pool.get(two);\n    // é\n";

    fn lesson(path: &str, language: &str, stamp: u64, text: &str) -> Lesson {
        Lesson {
            path: path.to_owned(),
            language: language.to_owned(),
            stamp,
            text: text.to_owned(),
        }
    }

    fn taught() -> EmbeddedModel {
        let model = EmbeddedModel::new();
        let lessons = [
            lesson("a.rs", "rust", 7, TEXT),
            lesson("b.ts", "typescript", 8, "socket.flush_all();\n"),
            lesson("b.js", "javascript", 9, "socket.close();\n"),
            lesson("empty.rs", "rust", 10, ""),
        ];
        model.learn_many(lessons.into_iter());
        model
    }

    fn saved(model: &EmbeddedModel) -> Vec<u8> {
        let mut bytes = Vec::new();
        model.save(&mut bytes).expect("memory takes everything");
        bytes
    }

    fn restored(bytes: &[u8]) -> Result<EmbeddedModel, RestoreError> {
        let model = EmbeddedModel::new();
        model.restore(&mut &*bytes).map(|()| model)
    }

    fn learnt(model: &EmbeddedModel) -> Vec<LearntFile> {
        let mut files = model.learnt();
        files.sort();
        files
    }

    fn ask(model: &EmbeddedModel, before: &str) -> Option<Prediction> {
        model.predict(&Query {
            path: "open.rs",
            language: "rust",
            before,
            after: "",
            several_lines: false,
        })
    }

    #[test]
    fn what_was_saved_comes_back() {
        let model = taught();
        let back = restored(&saved(&model)).expect("nothing happened to it");
        assert_eq!(learnt(&back), learnt(&model));
        assert_eq!(back.learnt().len(), 4);
        assert_eq!(back.bytes(), model.bytes());
        for before in ["let a = pool.", "let a = pool.g", "socket.", ""] {
            assert_eq!(ask(&back, before), ask(&model, before));
        }
        assert!(ask(&back, "let a = pool.").is_some());
    }

    #[test]
    fn it_goes_on_learning_and_forgetting() {
        let back = restored(&saved(&taught())).expect("nothing happened to it");
        back.forget("a.rs");
        assert_eq!(ask(&back, "let a = pool."), None);
        back.learn("c.rs", "rust", TEXT);
        assert!(ask(&back, "let a = pool.").is_some());
        assert_eq!(back.files(), 4);
    }

    #[test]
    fn what_is_refused_changes_nothing() {
        let mut bytes = saved(&taught());
        let model = EmbeddedModel::new();
        model.learn("known.rs", "rust", "config.name();\n");
        bytes.truncate(bytes.len() - 1);
        assert!(matches!(
            model.restore(&mut &*bytes),
            Err(RestoreError::Cut)
        ));
        assert!(ask(&model, "config.").is_some());
        assert_eq!(model.files(), 1);
    }

    #[test]
    fn the_error_says_what_it_is() {
        let bytes = saved(&taught());
        let error = |bytes: &[u8]| restored(bytes).map(|_| ()).expect_err("it is refused");
        assert!(matches!(error(b""), RestoreError::Cut));
        assert!(matches!(error(b"SQLite format 3\0"), RestoreError::Foreign));
        let mut older = bytes.clone();
        older[MAGIC.len()] ^= 1;
        assert!(matches!(error(&older), RestoreError::Version));
        let longer = [&*bytes, b"x"].concat();
        assert!(matches!(error(&longer), RestoreError::Damaged));
        let small = EmbeddedModel::with_settings(Settings { max_bytes: 100 });
        assert!(matches!(
            small.restore(&mut &*bytes),
            Err(RestoreError::TooLarge { bytes, max_bytes: 100 }) if bytes > 100
        ));
    }

    /// Writes the taught model with something wrong in it, under seals that hold.
    fn sealed(damage: impl Fn(&mut Segment)) -> Vec<u8> {
        let mut input = &*saved(&taught());
        let (mut known, catalogue) = read(usize::MAX, &mut input).expect("it is sound");
        let family = known.families.get_mut("rust").expect("it was learnt");
        let first = family.iter().next().expect("it has a segment");
        let mut segment = Segment {
            tokens: first.tokens.clone(),
            places: first.places.clone(),
            ids: first.ids.clone(),
            texts_at: first.texts_at.clone(),
            places_at: first.places_at.clone(),
            texts: first.texts.clone(),
            files: first.files.clone(),
        };
        damage(&mut segment);
        *family = Arc::new(Shelves::of(vec![Arc::new(segment)]));
        let mut bytes = Vec::new();
        write(&known, &catalogue, &mut bytes).expect("memory takes everything");
        bytes
    }

    proptest! {
        #[test]
        fn no_changed_byte_is_believed(at in any::<prop::sample::Index>(), change in 1_u8..) {
            let mut bytes = saved(&taught());
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            prop_assert!(restored(&bytes).is_err());
        }

        #[test]
        fn no_cut_is_believed(at in any::<prop::sample::Index>()) {
            let bytes = saved(&taught());
            prop_assert!(restored(&bytes[..at.index(bytes.len())]).is_err());
        }

        #[test]
        fn any_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(restored(&bytes).is_err());
            bytes.splice(0..0, saved(&taught())[..32].iter().copied());
            prop_assert!(restored(&bytes).is_err());
        }

        #[test]
        fn lies_under_seals_that_hold_fail_no_query(
            field in 0..6, at in any::<prop::sample::Index>(), lie in 0_u32..64,
        ) {
            let bytes = sealed(|segment| {
                let into = |numbers: &mut Vec<u32>| {
                    let at = at.index(numbers.len());
                    numbers[at] = lie;
                };
                let packed = |numbers: &Packed| {
                    let at = at.index(numbers.len());
                    let changed = |(n, number)| if n == at { lie } else { number };
                    numbers.iter().enumerate().map(changed).collect()
                };
                match field {
                    0 => segment.tokens = packed(&segment.tokens),
                    1 => segment.places = packed(&segment.places),
                    2 => into(&mut segment.texts_at),
                    3 => into(&mut segment.places_at),
                    4 => {
                        let at = at.index(segment.ids.len());
                        segment.ids[at] = TokenId::from_number(lie);
                    }
                    _ => {
                        let at = at.index(segment.files.len());
                        segment.files[at].tokens.end = lie;
                    }
                }
            });
            if let Ok(model) = restored(&bytes) {
                for before in ["let a = pool.", "let b = pool.g", "// ", ""] {
                    let _ = ask(&model, before);
                }
                model.learn("c.rs", "rust", TEXT);
                model.forget("a.rs");
                let _ = ask(&model, "let a = pool.");
            }
        }
    }
}
