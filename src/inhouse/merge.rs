//! Makes one index of two, or of one without some files, in time that grows with their size and
//! without sorting anything anew.
//!
//! The outcome is the very index that learning the files that stay would make, so nothing of a
//! file that was left out can be felt.

use super::order::compare_contexts;
use super::packed::Packed;
use super::segment::{FileSpan, Segment};

/// What a word or a position becomes that does not stay.
const GONE: u32 = u32::MAX;

impl Segment {
    /// Returns the index of the files whose path `stays`; `None` when there are none.
    pub(super) fn only(&self, stays: impl Fn(&str) -> bool) -> Option<Self> {
        combine(&[self], stays)
    }

    /// Returns the index of the files of both, which must have none in common.
    pub(super) fn merged(&self, other: &Self) -> Option<Self> {
        combine(&[self, other], |_| true)
    }
}

fn combine(parts: &[&Segment], stays: impl Fn(&str) -> bool) -> Option<Segment> {
    let mut kept: Vec<(usize, &FileSpan)> = Vec::new();
    for (part, segment) in parts.iter().enumerate() {
        let staying = segment.files.iter().filter(|file| stays(&file.path));
        kept.extend(staying.map(|file| (part, file)));
    }
    if kept.is_empty() {
        return None;
    }
    kept.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let vocabulary = Vocabulary::of(parts, &kept);
    let total = kept.iter().map(|(_, file)| file.tokens.len()).sum();
    let mut moved: Vec<Vec<u32>> = parts.iter().map(|part| vec![GONE; part.len()]).collect();
    let mut tokens = Packed::with_capacity(total);
    let mut words: Vec<u32> = Vec::with_capacity(total);
    let mut files = Vec::with_capacity(kept.len());
    for &(part, file) in &kept {
        let start = words.len() as u32;
        let span = file.tokens.start as usize..file.tokens.end as usize;
        for (position, moved) in span.clone().zip(&mut moved[part][span]) {
            let token = parts[part].tokens.get(position);
            let word = vocabulary.ranks[part][token as usize >> 1];
            *moved = words.len() as u32;
            words.push(word);
            tokens.push(word << 1 | token & 1);
        }
        files.push(FileSpan {
            path: file.path.clone(),
            tokens: start..words.len() as u32,
        });
    }
    let (places, places_at) = vocabulary.places(parts, &moved, &words);
    let mut texts = String::new();
    let mut texts_at = Vec::with_capacity(vocabulary.words.len() + 1);
    texts_at.push(0);
    for word in &vocabulary.words {
        let (part, rank) = word.in_first_part();
        texts.push_str(parts[part].word_text(rank));
        texts_at.push(texts.len() as u32);
    }
    texts.shrink_to_fit();
    Some(Segment {
        tokens,
        places,
        ids: vocabulary.ids,
        texts_at,
        places_at,
        texts,
        files,
    })
}

/// The rank of a word in each part; [`GONE`] where it is not.
#[derive(Clone, Copy)]
struct Origin([u32; 2]);

impl Origin {
    fn in_first_part(self) -> (usize, u32) {
        if self.0[0] == GONE {
            (1, self.0[1])
        } else {
            (0, self.0[0])
        }
    }
}

/// The words that stay.
struct Vocabulary {
    ids: Vec<super::lex::TokenId>,
    words: Vec<Origin>,
    /// For each part the new rank of each old word.
    ranks: Vec<Vec<u32>>,
}

impl Vocabulary {
    fn of(parts: &[&Segment], kept: &[(usize, &FileSpan)]) -> Self {
        let mut ranks: Vec<Vec<u32>> = parts.iter().map(|p| vec![GONE; p.ids.len()]).collect();
        for &(part, file) in kept {
            for position in file.tokens.start as usize..file.tokens.end as usize {
                ranks[part][parts[part].tokens.get(position) as usize >> 1] = 0;
            }
        }
        let mut staying = Vec::new();
        for (part, ranks) in ranks.iter().enumerate() {
            for (rank, _) in ranks.iter().enumerate().filter(|(_, new)| **new == 0) {
                staying.push((parts[part].ids[rank], part, rank as u32));
            }
        }
        // Two runs that are in order already.
        staying.sort();
        let mut ids = Vec::with_capacity(staying.len());
        let mut words: Vec<Origin> = Vec::with_capacity(staying.len());
        for (id, part, rank) in staying {
            if ids.last() != Some(&id) {
                ids.push(id);
                words.push(Origin([GONE; 2]));
            }
            if let Some(word) = words.last_mut() {
                word.0[part] = rank;
            }
            ranks[part][rank as usize] = words.len() as u32 - 1;
        }
        ids.shrink_to_fit();
        Self { ids, words, ranks }
    }

    /// Joins the places of the parts, word by word.
    fn places(&self, parts: &[&Segment], moved: &[Vec<u32>], words: &[u32]) -> (Packed, Vec<u32>) {
        let mut places = Packed::with_capacity(words.len());
        let mut places_at = Vec::with_capacity(self.words.len() + 1);
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for word in &self.words {
            places_at.push(places.len() as u32);
            for (part, into) in [&mut left, &mut right].into_iter().enumerate() {
                into.clear();
                let rank = word.0[part];
                if rank != GONE {
                    let segment = parts[part];
                    let staying = segment
                        .places_after(rank)
                        .map(|place| moved[part][segment.places.get(place as usize) as usize]);
                    into.extend(staying.filter(|&position| position != GONE));
                }
            }
            join(&left, &right, words, &mut places);
        }
        places_at.push(places.len() as u32);
        (places, places_at)
    }
}

/// Merges two runs of places that are in order, fast where one of them is short.
fn join(left: &[u32], right: &[u32], words: &[u32], places: &mut Packed) {
    let (long, short) = if left.len() < right.len() {
        (right, left)
    } else {
        (left, right)
    };
    let mut rest = long;
    for &place in short {
        let comes_before = |other: u32| compare_contexts(words, other, place).is_lt();
        let mut reach = 1;
        while reach <= rest.len() && comes_before(rest[reach - 1]) {
            reach *= 2;
        }
        let near = reach / 2;
        let far = reach.min(rest.len());
        let at = near + rest[near..far].partition_point(|&other| comes_before(other));
        rest[..at].iter().for_each(|&other| places.push(other));
        places.push(place);
        rest = &rest[at..];
    }
    rest.iter().for_each(|&other| places.push(other));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::gather::Gathered;
    use super::*;

    fn segment<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Segment {
        let mut gathered = Gathered::default();
        for (path, text) in files {
            gathered.add(path.into(), text);
        }
        gathered.into_segment()
    }

    proptest! {
        #[test]
        fn parts_make_what_learning_together_makes(
            texts in prop::collection::vec("([ab(.;]|let |x_1|\n|é){0,40}", 2..6),
        ) {
            let names = ["d", "a", "c", "e", "b", "f"];
            let files: Vec<(&str, &str)> = names.iter().copied().zip(texts.iter().map(String::as_str)).collect();
            let together = segment(files.iter().copied());
            for cut in 1..files.len() {
                let (first, second) = files.split_at(cut);
                let (first, second) = (segment(first.iter().copied()), segment(second.iter().copied()));
                let merged = first.merged(&second);
                prop_assert_eq!(merged.as_ref(), Some(&together));
            }
            for (gone, _) in &files {
                let staying = files.iter().copied().filter(|(path, _)| path != gone);
                prop_assert_eq!(together.only(|path| path != *gone), Some(segment(staying)));
            }
            prop_assert_eq!(together.only(|_| false), None);
        }
    }
}
