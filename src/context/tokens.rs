//! How many tokens a text has: a quick estimate, and an exact count once its table is loaded.
//!
//! The table is that of cl100k: half the memory of o200k's (23 against 45 MiB), and open-weight
//! code models split text much as it does. Providers' own counts settle what a call costs; these
//! only fit prompts. The estimate needs no table and is what the first completions use.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::domain::{Remembered, TokenCount};

/// The most that is counted at once: the time grows with the square of a word or a run of blanks.
const MAX_PART_BYTES: usize = 1_024;

/// Texts that each of the two generations of the cache holds.
const MAX_CACHED: usize = 4_096;

static IS_LOADED: AtomicBool = AtomicBool::new(false);

static COUNTS: LazyLock<Remembered<u64, MAX_CACHED>> = LazyLock::new(Remembered::default);

/// Returns how many tokens a text has in cl100k, remembering the answer by the text's hash.
///
/// Special tokens count as plain text. Lines and runs of blanks beyond 1 KiB are counted in parts,
/// which may say a few too many. The first call loads the table, which takes tenths of a second and 23 MiB.
#[must_use]
pub fn count_tokens(text: &str) -> TokenCount {
    TokenCount::new(COUNTS.get_or(&text, || count_uncached(text)))
}

/// Loads the table behind [`count_tokens`]. It blocks; call it off the path of any request.
pub fn preload_token_table() {
    let _ = count_tokens("");
}

/// Returns whether counting is quick already.
#[must_use]
pub fn token_table_is_loaded() -> bool {
    IS_LOADED.load(Ordering::Acquire)
}

fn count_uncached(text: &str) -> u64 {
    let table = tiktoken_rs::cl100k_base_singleton();
    IS_LOADED.store(true, Ordering::Release);
    parts(text)
        .map(|part| table.count_ordinary(part) as u64)
        .sum()
}

/// Cuts a text into parts of at most [`MAX_PART_BYTES`]: where a line begins with text, since no
/// token reaches over that border; else where a line begins; else on a character border.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let most = rest.floor_char_boundary(MAX_PART_BYTES);
        let cut = if most == rest.len() {
            most
        } else {
            let ends = || {
                rest[..most]
                    .rmatch_indices('\n')
                    .map(|(index, _)| index + 1)
            };
            let is_text = |&end: &usize| rest[end..].starts_with(|c: char| !c.is_whitespace());
            ends()
                .find(is_text)
                .or_else(|| ends().next())
                .unwrap_or(most)
        };
        let (part, after) = rest.split_at(cut);
        rest = after;
        Some(part)
    })
}

/// Estimates how many tokens a text has, without a table, in microseconds.
///
/// It looks at words, digits, punctuation and blanks the way tokenizers split them. On files of
/// source code it is within a few percent; on encoded data it can be a fifth off.
#[must_use]
pub fn estimate_tokens(text: &str) -> TokenCount {
    TokenCount::new((estimate(text, u64::MAX) * CALIBRATION / 100).div_ceil(100))
}

/// Estimates how many tokens a text has if they are fewer than `most`; of a longer text no more is
/// read than it takes to know that it is.
#[must_use]
pub fn estimate_tokens_up_to(text: &str, most: TokenCount) -> TokenCount {
    let enough = (most.get() * 100 * 100).div_ceil(CALIBRATION);
    let estimate = estimate(text, enough) * CALIBRATION / 100;
    TokenCount::new(estimate.div_ceil(100)).min(most)
}

/// Returns an estimate that is very rarely below the truth, for fitting.
pub(super) fn estimate_upwards(text: &str) -> u64 {
    (estimate(text, u64::MAX) * MARGIN / 100).div_ceil(100)
}

/// Makes the sum of the guesses below match cl100k, in percent: fitted over the sources of some
/// hundred packages in Rust, C, Python, JavaScript and Markdown.
const CALIBRATION: u64 = 87;
/// The same with a margin: of windows of 150 lines, only those full of encoded data were above it.
const MARGIN: u64 = 112;

/// Returns the sum of the guesses, in hundredths of tokens; it ends once that is `enough`.
fn estimate(text: &str, enough: u64) -> u64 {
    let bytes = text.as_bytes();
    let mut hundredths: u64 = 0;
    let mut at = 0;
    while at < bytes.len() && hundredths < enough {
        let class = class_of(bytes[at]);
        let mut end = at + 1;
        while end < bytes.len() && class_of(bytes[end]) == class {
            end += 1;
        }
        let run = &bytes[at..end];
        hundredths += match class {
            Class::Letter => letters(run),
            Class::Digit => {
                let is_letter = |index: usize| {
                    bytes
                        .get(index)
                        .is_some_and(|&b| class_of(b) == Class::Letter)
                };
                // Digits amid letters are a sign of encoded data, whose parts are not words.
                let amid_letters = at > 0 && is_letter(at - 1) && is_letter(end);
                100 * run.len().div_ceil(3) as u64 + 60 * u64::from(amid_letters)
            }
            Class::Blank => {
                // One blank belongs to the word or sign after it, but not to a number.
                let joins = bytes.get(end).is_some_and(|&b| class_of(b) != Class::Digit);
                100 * (u64::from(run.len() > 1) + u64::from(!joins)) + 5 * (run.len() / 16) as u64
            }
            Class::LineEnd => 70,
            Class::Punctuation => punctuation(run),
            Class::Other => other(&text[at..end]),
        };
        at = end;
    }
    hundredths
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Blank,
    LineEnd,
    Punctuation,
    Other,
}

/// The class of every byte; a table, since every byte of every prompt is looked up.
static CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b' ' | b'\t' => Class::Blank,
            b'\n' | b'\r' => Class::LineEnd,
            _ => Class::Punctuation,
        };
        byte += 1;
    }
    classes
};

fn class_of(byte: u8) -> Class {
    CLASSES[usize::from(byte)]
}

/// Words split where the case changes; common ones are one token, long ones are several.
fn letters(run: &[u8]) -> u64 {
    let mut total = 0;
    let mut word = Word::default();
    let mut is_after_small = false;
    for &letter in run {
        let is_small = letter & SMALL != 0;
        if is_after_small && !is_small {
            total += word.tokens();
            word = Word::default();
        }
        is_after_small = is_small;
        word.length += 1;
        word.small += u64::from(is_small);
        word.vowels += u64::from(VOWELS >> (letter & 31) & 1);
    }
    total + word.tokens()
}

/// The bit by which a small letter differs from its capital.
const SMALL: u8 = 0x20;
/// A bit for each vowel, by the five bits that small letters and capitals share.
const VOWELS: u32 = 1 << 1 | 1 << 5 | 1 << 9 | 1 << 15 | 1 << 21 | 1 << 25;

/// What a word is judged by.
#[derive(Default)]
struct Word {
    length: u64,
    small: u64,
    vowels: u64,
}

impl Word {
    fn tokens(&self) -> u64 {
        let length = self.length;
        let is_capitals = length > 1 && self.small == 0;
        // Encoded data and abbreviations: few vowels, or longer than words are.
        let is_unlike_words = length > 2 && self.vowels * 6 < length || length > 20;
        if is_unlike_words || is_capitals {
            100 + 50 * length.saturating_sub(2)
        } else {
            100 + 14 * length.saturating_sub(5)
        }
    }
}

/// Usual pairs such as `()` or `::` are one token.
fn punctuation(run: &[u8]) -> u64 {
    match run {
        // It belongs to the word after it more often than not.
        b"_" | b"." => 60,
        [_] => 90,
        _ => 55 * run.len() as u64,
    }
}

fn other(text: &str) -> u64 {
    text.chars()
        .map(|char| match char.len_utf8() {
            2 => 90,
            3 => 140,
            _ => 280,
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_those_of_cl100k() {
        assert_eq!(count_tokens(""), TokenCount::ZERO);
        assert_eq!(count_tokens("hello world"), TokenCount::new(2));
        // Special tokens are plain text here: a file may hold them.
        assert!(count_tokens("<|endoftext|>").get() > 1);
    }

    #[test]
    fn parts_make_the_whole_and_are_short() {
        let text = format!(
            "{}\n\n  é{}\nfn f() {{}}\n",
            "漢".repeat(900),
            "\n".repeat(3_000)
        );
        let all: Vec<&str> = parts(&text).collect();
        assert_eq!(all.concat(), text);
        assert!(all.iter().all(|part| part.len() <= MAX_PART_BYTES));
    }

    #[test]
    fn a_long_file_counts_the_same_in_parts() {
        let text = include_str!("render.rs");
        let table = tiktoken_rs::cl100k_base_singleton();
        assert_eq!(count_tokens(text).get(), table.count_ordinary(text) as u64);
    }

    #[test]
    fn the_estimate_is_within_a_tenth_on_source_files_and_upwards_above() {
        for text in [
            include_str!("render.rs"),
            include_str!("site.rs"),
            include_str!("../documents/store.rs"),
            include_str!("../domain/money.rs"),
        ] {
            let exact = count_tokens(text).get();
            let estimate = estimate_tokens(text).get();
            assert!(
                estimate * 10 > exact * 9 && estimate * 10 < exact * 11,
                "{estimate} for {exact}"
            );
            assert!(estimate_upwards(text) >= exact);
            for most in [0, 1, 99, estimate - 1, estimate, estimate + 1] {
                let most = TokenCount::new(most);
                let up_to = estimate_tokens_up_to(text, most);
                assert_eq!(up_to, TokenCount::new(estimate).min(most));
            }
        }
    }

    #[test]
    fn hashes_and_numbers_are_not_taken_for_words() {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize
        };
        let hash: String = (0..88).map(|_| alphabet[next() % 64] as char).collect();
        let numbers: String = (0..40).map(|_| format!("{}, ", next() % 1_000)).collect();
        for text in [hash, numbers] {
            let exact = count_tokens(&text).get();
            assert!(
                estimate_upwards(&text) >= exact,
                "{} < {exact}",
                estimate_upwards(&text)
            );
        }
    }
}
