//! What the lines around the cursor say of how a line may look: which brackets are open, how lines
//! end here, in which order they stand, and which words and parts of words are in use.
//!
//! Endings are counted in the file itself, so that nothing of a language need be known: lines end
//! otherwise inside of round brackets than inside of braces, and lines that begin with the same word
//! end alike.

use super::brackets::{Brackets, Effect, Ending};
use super::features::flag;
use super::lex::hash_bytes;
use super::pieces::is_word_char;

/// Text above the cursor that is read, in bytes.
const MAX_BYTES: usize = 6 * 1024;
/// Lines below it whose endings are counted.
const LINES_BELOW: usize = 40;
/// Lines whose words count as near.
const NEAR_ABOVE: usize = 8;
const NEAR_BELOW: usize = 3;
/// Open where a line ends: nothing or one of three brackets, from before or from this line; or it is
/// a comment.
const SITUATIONS: usize = 9;
const IN_COMMENT: usize = SITUATIONS - 1;
/// What is guessed of endings speaks as loud as this many lines.
const GUESS: f32 = 4.0;
/// Parts of words that are shorter say nothing, and longer ones are cut.
const PART: std::ops::RangeInclusive<usize> = 3..=24;

/// The names of what is described, in order.
pub(super) const NAMES: [&str; N_NAMES] = [
    "mismatched",
    "closes",
    "opens",
    "open_quote",
    "ending_here",
    "ending_of_first_word",
    "ending_as_before",
    "ending_not_as_before",
    "semicolon_in_bracket",
    "opens_and_ends",
    "deeper_below_unopened",
    "deeper_below_opened",
    "not_deeper_below_opened",
    "in_order",
    "out_of_order",
    "near_above",
    "near_below",
    "near_parts",
    "new_parts",
    "operand_ends_in_bracket",
];

/// How many there are.
pub(super) const N_NAMES: usize = 20;

/// The lines around the cursor, read once for all suggestions.
pub(super) struct Surroundings<'a> {
    brackets: Brackets,
    /// How often lines ended so in each situation.
    endings: [[f32; Ending::COUNT]; SITUATIONS],
    /// The share of each ending in all lines.
    shares: [f32; Ending::COUNT],
    by_first_word: Vec<(u64, Ending)>,
    deeper_below: Option<bool>,
    /// Two lines above and two below.
    next_to_it: [Option<&'a str>; 4],
    words_above: Vec<u64>,
    words_below: Vec<u64>,
    parts: Vec<u64>,
}

impl<'a> Surroundings<'a> {
    /// Reads the whole lines `above` and `below` a cursor; `deeper_below` says whether the next line
    /// with text is indented more than the cursor's.
    pub(super) fn of(above: &'a str, below: &'a str, deeper_below: Option<bool>) -> Self {
        let above = last_lines(above);
        let mut brackets = Brackets::default();
        let mut endings = [[0.0; Ending::COUNT]; SITUATIONS];
        let mut by_first_word = Vec::with_capacity(256);
        for line in above.lines() {
            let effect = brackets.read(line);
            if let Some(ending) = Ending::of(line) {
                let situation = situation(&brackets, effect.opened > 0, effect.is_comment);
                endings[situation][ending as usize] += 1.0;
                by_first_word.push((first_word(line), ending));
            }
        }
        let mut shares = std::array::from_fn(|ending| {
            1.0 + endings.iter().map(|in_one| in_one[ending]).sum::<f32>()
        });
        let all: f32 = shares.iter().sum();
        shares.iter_mut().for_each(|share| *share /= all);
        let lines_below = below.lines().take(LINES_BELOW);
        by_first_word.extend(lines_below.filter_map(|l| Some((first_word(l), Ending::of(l)?))));
        let (mut last, mut next) = (above.lines().rev(), below.lines());
        let (near, far) = (last.next(), last.next());
        let mut it = Self {
            brackets,
            endings,
            shares,
            by_first_word,
            deeper_below,
            next_to_it: [far, near, next.next(), next.next()].map(|line| line.map(str::trim)),
            words_above: Vec::new(),
            words_below: Vec::new(),
            parts: Vec::new(),
        };
        let is_written = |line: &&str| !line.trim().is_empty();
        for line in above.lines().rev().filter(is_written).take(NEAR_ABOVE) {
            it.words_above.extend(words(line).map(hash));
            parts(line, &mut it.parts);
        }
        for line in below.lines().filter(is_written).take(NEAR_BELOW) {
            it.words_below.extend(words(line).map(hash));
            parts(line, &mut it.parts);
        }
        it
    }

    /// Describes the line `whole` with the suggestion in it, of whose words `own` are all that were
    /// not finished before.
    pub(super) fn describe(&self, whole: &str, own: &str) -> [f32; N_NAMES] {
        let Some(ending) = Ending::of(whole) else {
            return [0.0; N_NAMES];
        };
        let (brackets, effect, [here, of_first_word]) = self.read(whole, ending);
        let is_plain = effect.opened == 0 && effect.closed == 0 && !effect.is_comment;
        let before = self.brackets.last_ending().filter(|_| is_plain);
        let in_bracket = matches!(brackets.innermost(), Some(b')' | b']'));
        let is_inside_as_before = brackets.innermost() == self.brackets.innermost();
        let deeper = |wanted: bool| self.deeper_below == Some(wanted);
        let (in_order, out_of_order) = self.order(whole.trim());
        let own_words: Vec<u64> = words(own).map(hash).collect();
        let mut own_parts = Vec::new();
        parts(own, &mut own_parts);
        let known_parts = count(&own_parts, &self.parts);
        [
            flag(effect.is_mismatched),
            effect.closed.min(3) as f32,
            effect.opened.min(3) as f32,
            flag(effect.has_open_quote),
            here.ln(),
            of_first_word.ln(),
            flag(before == Some(ending)),
            flag(before.is_some_and(|before| before != ending)),
            flag(in_bracket && ending == Ending::Semicolon),
            flag(effect.opened > 0 && !ending.is_open()),
            flag(deeper(true) && !ending.is_open()),
            flag(deeper(true) && ending.is_open()),
            flag(deeper(false) && ending.is_open()),
            flag(in_order),
            flag(out_of_order),
            share(count(&own_words, &self.words_above), own_words.len()),
            share(count(&own_words, &self.words_below), own_words.len()),
            share(known_parts, own_parts.len()),
            (1.0 + (own_parts.len() - known_parts) as f32).ln(),
            flag(in_bracket && is_inside_as_before && ending.is_operand()),
        ]
    }

    /// Returns the brackets that are open where the cursor's line begins.
    pub(super) fn brackets(&self) -> Brackets {
        self.brackets
    }

    /// Returns how often a line ends like this one, of those that begin so.
    pub(super) fn likelihood_of_ending(&self, whole: &str) -> f32 {
        Ending::of(whole).map_or(0.0, |ending| self.read(whole, ending).2[1])
    }

    /// Reads a line that ends so as the cursor's: which brackets are open then, what it does to them,
    /// and how usual its ending is.
    fn read(&self, whole: &str, ending: Ending) -> (Brackets, Effect, [f32; 2]) {
        let mut brackets = self.brackets;
        let effect = brackets.read(whole);
        let situation = situation(&brackets, effect.opened > 0, effect.is_comment);
        let usual = self.endings_like(ending, situation, first_word(whole));
        (brackets, effect, usual)
    }

    /// Returns the share of lines that end so, of those in this situation, and of those that begin
    /// with this word.
    fn endings_like(&self, ending: Ending, situation: usize, first_word: u64) -> [f32; 2] {
        let here = &self.endings[situation];
        let all: f32 = here.iter().sum();
        let guess = self.shares[ending as usize];
        let here = (here[ending as usize] + GUESS * guess) / (all + GUESS);
        let alike = self.by_first_word.iter();
        let alike = alike.filter(|(word, _)| *word == first_word);
        let (mut all, mut same) = (0.0, 0.0);
        for (_, other) in alike {
            all += 1.0;
            same += flag(*other == ending);
        }
        [here, (same + GUESS * here) / (all + GUESS)]
    }

    /// Says whether a line keeps the alphabetical order of the lines next to it that begin with the
    /// same word, and whether it breaks it; neither where there is none.
    fn order(&self, whole: &str) -> (bool, bool) {
        let first = first_word(whole);
        let is_kin = |line: &&str| !line.is_empty() && first_word(line) == first;
        let [far, above, below, farther] = self.next_to_it.map(|line| line.filter(is_kin));
        let pairs = [(far, above), (above, below), (below, farther)];
        let mut pairs = pairs.iter().filter_map(|&(a, b)| Some(a? <= b?));
        let is_sorted = pairs
            .next()
            .is_some_and(|first| first && pairs.all(|pair| pair));
        let fits =
            above.is_none_or(|above| above <= whole) && below.is_none_or(|below| whole <= below);
        (is_sorted && fits, is_sorted && !fits)
    }
}

/// Returns the whole lines at the end of a text that are read.
fn last_lines(text: &str) -> &str {
    let Some(from) = text.len().checked_sub(MAX_BYTES) else {
        return text;
    };
    let line_end = text.as_bytes()[from..].iter().position(|&b| b == b'\n');
    // A line end is one byte, so what follows it begins a character.
    line_end.map_or("", |at| &text[from + at + 1..])
}

fn situation(brackets: &Brackets, has_opened: bool, is_comment: bool) -> usize {
    let innermost = match brackets.innermost() {
        _ if is_comment => return IN_COMMENT,
        None => 0,
        Some(b'}') => 1,
        Some(b')') => 2,
        Some(_) => 3,
    };
    innermost * 2 + usize::from(has_opened)
}

/// Returns the hash of the word or sign that a line begins with.
fn first_word(line: &str) -> u64 {
    let line = line.trim_start();
    let end = match line.find(|c: char| !is_word_char(c)) {
        Some(0) => line.chars().next().map_or(0, char::len_utf8),
        Some(end) => end,
        None => line.len(),
    };
    hash(&line[..end])
}

fn hash(word: &str) -> u64 {
    hash_bytes(word.as_bytes())
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |word: &&str| word.len() > 1 && !word.as_bytes()[0].is_ascii_digit();
    text.split(|c: char| !is_word_char(c)).filter(is_name)
}

/// Adds the parts of the words of a text, as `snake_case` and `camelCase` have them, in lower case.
fn parts(text: &str, into: &mut Vec<u64>) {
    for word in words(text) {
        let bytes = word.as_bytes();
        let mut start = 0;
        for at in 1..=bytes.len() {
            let begins = |at: usize| {
                bytes[at] == b'_'
                    || bytes[at].is_ascii_uppercase() && !bytes[at - 1].is_ascii_uppercase()
            };
            if at < bytes.len() && !begins(at) {
                continue;
            }
            let part = &bytes[start..at];
            let part = part.strip_prefix(b"_").unwrap_or(part);
            start = at;
            if part.len() >= *PART.start() {
                let mut lower = [0; *PART.end()];
                let len = part.len().min(lower.len());
                lower[..len].copy_from_slice(&part[..len]);
                lower[..len].make_ascii_lowercase();
                into.push(hash_bytes(&lower[..len]));
            }
        }
    }
}

fn count(own: &[u64], known: &[u64]) -> usize {
    own.iter().filter(|word| known.contains(word)).count()
}

/// Returns a share; a half where there is nothing to share.
fn share(part: usize, of: usize) -> f32 {
    if of == 0 {
        0.5
    } else {
        part as f32 / of as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what is described under a name; `$0` stands for the line.
    #[track_caller]
    fn described(name: &str, text: &str, line: &str) -> f32 {
        let (above, below) = text.split_once("$0\n").expect("a cursor");
        let surroundings = Surroundings::of(above, below, None);
        let at = NAMES.iter().position(|known| *known == name);
        surroundings.describe(line, line)[at.expect("a name")]
    }

    #[track_caller]
    fn check(name: &str, text: &str, more: &str, less: &str) {
        let (more, less) = (described(name, text, more), described(name, text, less));
        assert!(more > less, "{name}: {more} is not more than {less}");
    }

    #[test]
    fn a_line_ends_as_lines_do_in_its_brackets() {
        let text = "a = f(\n    x,\n    y,\n)\nb = f(\n    x,\n$0\n";
        check("ending_here", text, "    y,", "    y;");
        check("ending_as_before", text, "    y,", "    y;");
        check("semicolon_in_bracket", text, "    y;", "    y,");
        check("operand_ends_in_bracket", text, "    y", "    y,");
    }

    #[test]
    fn a_line_ends_as_lines_do_that_begin_so() {
        let text = "fn a() {\n    x();\n}\nfn b() {\n    x();\n}\n$0\n";
        check("ending_of_first_word", text, "fn c() {", "fn c();");
    }

    #[test]
    fn lines_that_are_sorted_stay_sorted() {
        let text = "use a;\nuse c;\n$0\nuse f;\n";
        check("in_order", text, "use d;", "use b;");
        check("out_of_order", text, "use g;", "use d;");
        let text = "use c;\nuse a;\n$0\nuse b;\n";
        assert_eq!(described("in_order", text, "use d;"), 0.0);
        assert_eq!(described("out_of_order", text, "use d;"), 0.0);
    }

    #[test]
    fn parts_of_words_are_known_in_any_case() {
        let text = "let gzip_header = 1;\n$0\n";
        check("near_parts", text, "GzipHeader", "DeflateHeader");
        check("new_parts", text, "DeflateHeader", "GzipHeader");
        check("near_above", text, "gzip_header", "GzipHeader");
    }

    #[test]
    fn a_long_text_is_read_from_a_line_on() {
        let text = "é()\n".repeat(3_000) + "f(\n$0\n";
        check("semicolon_in_bracket", &text, "x;", "x,");
    }
}
