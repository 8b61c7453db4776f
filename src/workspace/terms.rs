//! The words that code is searched by: names as they stand, and the words that they are made of.

use crate::domain::fnv1a;

/// A word, by the hash of its letters. Two words with one hash are one in a few million.
pub type Term = u32;

/// Parts of names that are shorter say too little.
const SHORTEST_PART: usize = 3;

/// Returns the names of a text in order, keywords included, without numbers.
pub fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.split(move |c: char| !is_part(c))
        .filter(|word| word.len() > 1 && !word.starts_with(|c: char| c.is_numeric()))
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
    let mut lower = String::new();
    for name in names(text) {
        let whole = term(name);
        found(whole);
        for part in parts(name) {
            if part.len() < SHORTEST_PART {
                continue;
            }
            lower.clear();
            lower.extend(part.chars().flat_map(char::to_lowercase));
            let part = term(&lower);
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
    fn numbers_and_single_letters_are_no_names() {
        assert_eq!(names("x + 12px, a1b _y").collect::<Vec<_>>(), ["a1b", "_y"]);
    }
}
