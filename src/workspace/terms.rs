//! The words that code is searched by: names as they stand, and the words that they are made of.

use std::collections::{HashMap, HashSet};

use crate::domain::{fnv1a, fnv1a_of};

/// A word, by the hash of its letters. Two words with one hash are one in a few million.
pub type Term = u32;

/// Something for each of many terms.
pub type ByTerm<V> = HashMap<Term, V, foldhash::fast::RandomState>;

/// Many terms.
pub type Terms = HashSet<Term, foldhash::fast::RandomState>;

/// Parts of names that are shorter say too little.
const SHORTEST_PART: usize = 3;

/// What a byte is to a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Byte {
    Part,
    Between,
    /// Of a character that has to be looked at.
    Other,
}

const KINDS: [Byte; 256] = {
    let mut kinds = [Byte::Other; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        let is_part = byte.is_ascii_alphanumeric() || byte == b'_';
        kinds[byte as usize] = if is_part { Byte::Part } else { Byte::Between };
        byte += 1;
    }
    kinds
};

/// Returns the names of a text in order, keywords included, without numbers.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let kind = |byte: u8| KINDS[usize::from(byte)];
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let start = rest.bytes().position(|byte| kind(byte) != Byte::Between)?;
            rest = &rest[start..];
            // Nearly all code is ASCII, which needs no table of letters.
            let quick = rest.bytes().position(|byte| kind(byte) != Byte::Part);
            let end = match quick {
                Some(at) if !rest.as_bytes()[at].is_ascii() => rest.find(|c| !is_part(c)),
                end => end,
            };
            let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
            rest = after;
            if word.is_empty() {
                rest = rest.trim_start_matches(|c: char| !c.is_ascii() && !is_part(c));
            } else if word.len() > 1 && !word.starts_with(char::is_numeric) {
                return Some(word);
            }
        }
    })
}

/// Returns the term of a whole name.
#[must_use]
pub fn term(name: &str) -> Term {
    // The lower half of the hash is as good as all of it.
    fnv1a(name.as_bytes()) as u32
}

/// Calls `found` with the term of every name of a text, and with those of the words within it:
/// `HttpClient` is also `http` and `client`.
pub fn each_term(text: &str, mut found: impl FnMut(Term)) {
    for name in names(text) {
        let whole = term(name);
        found(whole);
        if name.bytes().all(|byte| byte.is_ascii_lowercase()) {
            continue;
        }
        for part in parts(name).filter(|part| part.len() >= SHORTEST_PART) {
            let part = if part.is_ascii() {
                // Without a copy: this is done for every word of the open file.
                fnv1a_of(part.bytes().map(|byte| byte.to_ascii_lowercase())) as Term
            } else {
                term(&part.to_lowercase())
            };
            if part != whole {
                found(part);
            }
        }
    }
}

/// Splits a name at underscores and where its case changes.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    let mut rest = name;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches('_');
        if rest.is_empty() {
            return None;
        }
        let bytes = rest.as_bytes();
        let is_border = |at: usize| {
            let (before, here) = (bytes[at - 1], bytes[at]);
            let next = bytes.get(at + 1);
            here == b'_'
                || before.is_ascii_lowercase() && here.is_ascii_uppercase()
                // The last capital of a run begins the next word: `HTTPClient`.
                || before.is_ascii_uppercase()
                    && here.is_ascii_uppercase()
                    && next.is_some_and(u8::is_ascii_lowercase)
        };
        let end = (1..bytes.len())
            .find(|&at| is_border(at))
            .unwrap_or(bytes.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, expected: &[&str]) {
        assert_eq!(parts(name).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn names_are_made_of_words() {
        check("read_to_end", &["read", "to", "end"]);
        check("HTTPClientError", &["HTTP", "Client", "Error"]);
        check("__init__", &["init"]);
        check("größeInÄpfeln", &["größe", "InÄpfeln"]);
        check("MAX_LEN", &["MAX", "LEN"]);
        check("_", &[]);
    }

    #[test]
    fn a_name_is_found_by_itself_and_by_its_words() {
        let mut found = Vec::new();
        each_term("HttpClient::new(12)", |term| found.push(term));
        let expected = ["HttpClient", "http", "client", "new"].map(term);
        assert_eq!(found, expected);
    }

    #[test]
    fn words_in_any_letters_are_found_alike() {
        let mut found = Vec::new();
        each_term("GRÖSSE_maxLen::Ärger", |term| found.push(term));
        let expected = ["GRÖSSE_maxLen", "grösse", "max", "len", "Ärger", "ärger"];
        assert_eq!(found, expected.map(term));
    }

    proptest::proptest! {
        #[test]
        fn a_text_is_split_into_names_where_letters_end(text in "[a-zA-Z0-9_ .äß×½你🦀\n]{0,40}") {
            let plain: Vec<&str> = text
                .split(|c: char| !(c.is_alphanumeric() || c == '_'))
                .filter(|word| word.len() > 1 && !word.starts_with(char::is_numeric))
                .collect();
            proptest::prop_assert_eq!(names(&text).collect::<Vec<_>>(), plain);
        }
    }

    #[test]
    fn numbers_and_single_letters_are_no_names() {
        assert_eq!(names("x + 12px, a1b _y").collect::<Vec<_>>(), ["a1b", "_y"]);
    }
}
