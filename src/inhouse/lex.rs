//! Cuts source text of any language into words, numbers and punctuation.
//!
//! There is no grammar here: a string or a comment is a row of words like everything else, so that
//! their insides can be predicted too. A line break is a token that carries how the indentation
//! changes; blanks inside a line are no tokens, each token remembers the gap before it.

use super::pieces::{CLASSES, Class, Piece, piece, short_piece};

/// Lines longer than this are data, not something that anybody types; they are cut out.
const MAX_LINE_BYTES: usize = 1_000;

/// Ids below this are structure (line breaks, borders); those above stand for a text.
const FIRST_WORD: u32 = 256;

/// The identity of a token: a hash of its text.
///
/// Two texts share an id about once in four billion pairs. The cost is a context that matches too
/// much or one wrong word in a suggestion, and what it buys is that indexes need no common table
/// and that an id means the same in every one of them, for ever.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct TokenId(u32);

impl TokenId {
    /// The border before a file, and where a part of it was left out.
    pub(super) const BORDER: Self = Self(0);
    /// Returns the id of a text.
    pub(super) fn of(text: &str) -> Self {
        Self::of_hash(hash_bytes(text.as_bytes()))
    }

    const fn of_hash(hash: u64) -> Self {
        let hash = (hash >> 32) as u32;
        Self(if hash < FIRST_WORD {
            hash + FIRST_WORD
        } else {
            hash
        })
    }

    /// Returns the id of a line break after which the indentation differs by `change` columns.
    pub(super) fn line_break(change: i32, after_blank_line: bool) -> Self {
        let change = (change.clamp(-32, 31) + 32) as u32;
        Self(1 + change * 2 + u32::from(after_blank_line))
    }

    /// Returns whether a line ends where this token stands.
    pub(super) fn ends_line(self) -> bool {
        self.0 < FIRST_WORD
    }

    /// Returns by how many columns the indentation differs after a line break; `None` where a blank
    /// line follows, and for everything else.
    pub(super) fn change_of_indentation(self) -> Option<i32> {
        let number = self.0.checked_sub(1).filter(|_| self.ends_line())?;
        (number % 2 == 0).then_some((number / 2) as i32 - 32)
    }

    /// Returns the bare number, for hashing and sorting.
    pub(super) fn get(self) -> u32 {
        self.0
    }

    /// Returns the id with a bare number, which came out of [`Self::get`].
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

const K: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hashes bytes to 64 well-mixed bits; the same on every machine.
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    hash_part(bytes, 0, bytes.len())
}

/// Hashes `len` bytes from `start` on; may look at the bytes behind, to read eight at once.
fn hash_part(bytes: &[u8], start: usize, len: usize) -> u64 {
    let mut hash = K ^ len as u64;
    let mut at = start;
    let end = start + len;
    while at + 8 <= end {
        hash = fold(hash ^ eight(bytes, at).unwrap_or(0), K);
        at += 8;
    }
    let last = match eight(bytes, at) {
        Some(eight) => eight & ((1 << ((end - at) * 8)) - 1),
        None => {
            let mut last = [0; 8];
            last[..end - at].copy_from_slice(&bytes[at..end]);
            u64::from_le_bytes(last)
        }
    };
    finish(hash, last)
}

fn eight(bytes: &[u8], at: usize) -> Option<u64> {
    let (eight, _) = bytes.get(at..)?.split_first_chunk()?;
    Some(u64::from_le_bytes(*eight))
}

const fn finish(hash: u64, last: u64) -> u64 {
    fold(fold(hash ^ last, K), 0xD6E8_FEB8_6659_FD93)
}

const fn fold(a: u64, b: u64) -> u64 {
    let wide = a as u128 * b as u128;
    (wide as u64) ^ ((wide >> 64) as u64)
}

/// One token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) id: TokenId,
    /// Its first byte in the text.
    pub(super) start: u32,
    /// Its length in bytes; 0 for structure.
    pub(super) len: u32,
    /// Whether a blank stands before it on its line.
    pub(super) gap: bool,
}

/// What a line needs to know of the lines above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Above {
    /// Indentation of the last line with text on it; `None` above the first.
    indent: Option<i32>,
    /// Whether an empty line stands between.
    blank_line: bool,
}

/// A place at the start of a line from which lexing can go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    byte: usize,
    tokens: usize,
    above: Above,
}

/// The tokens of a text, which can be brought up to date when its end changes.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    /// The tokens, structure included.
    pub(super) tokens: Vec<Token>,
    pub(super) marks: Vec<Mark>,
}

impl Lexed {
    /// Lexes a whole text.
    pub(super) fn new(text: &str) -> Self {
        let mut lexed = Self::default();
        lexed.extend(text, 0);
        lexed
    }

    /// Lexes another text, in the memory of the last one.
    pub(super) fn start_again(&mut self, text: &str) {
        self.tokens.clear();
        self.marks.clear();
        self.extend(text, 0);
    }

    /// Forgets every line that reaches past `agreed` bytes, but leaves its tokens to the caller,
    /// who must cut `tokens` down to the second number before it goes on.
    ///
    /// Returns the byte and the number of tokens from which [`Self::extend`] goes on with a text
    /// that agrees with the old one in its first `agreed` bytes.
    pub(super) fn rewind(&mut self, agreed: usize) -> (usize, usize) {
        while self.marks.last().is_some_and(|mark| mark.byte > agreed) {
            self.marks.pop();
        }
        self.marks
            .last()
            .map_or((0, 0), |mark| (mark.byte, mark.tokens))
    }

    /// Lexes `text` from `from`, which is 0 or what [`Self::rewind`] returned.
    pub(super) fn extend(&mut self, text: &str, from: usize) {
        let mut above = match self.marks.pop() {
            Some(mark) if mark.byte == from => mark.above,
            _ => Above {
                indent: None,
                blank_line: false,
            },
        };
        let mut at = from;
        while at < text.len() {
            let end = memchr::memchr(b'\n', &text.as_bytes()[at..]);
            let end = end.map_or(text.len(), |i| at + i);
            self.marks.push(Mark {
                byte: at,
                tokens: self.tokens.len(),
                above,
            });
            above = self.lex_line(text, at, end, above);
            at = end + 1;
        }
        if self.marks.is_empty() || text.ends_with('\n') {
            // The empty last line: what is typed there later must find its place.
            self.marks.push(Mark {
                byte: text.len(),
                tokens: self.tokens.len(),
                above,
            });
        }
    }

    /// Returns the line break that stands before an empty last line with this indentation.
    pub(super) fn break_before_cursor(&self, indent: &str) -> TokenId {
        match self.marks.last().map(|mark| mark.above) {
            Some(Above {
                indent: Some(above),
                blank_line,
            }) => TokenId::line_break(columns(indent) - above, blank_line),
            _ => TokenId::BORDER,
        }
    }

    fn lex_line(&mut self, text: &str, start: usize, end: usize, above: Above) -> Above {
        let line = trimmed_end(&text[start..end]);
        let body = trimmed_start(line);
        if body.is_empty() {
            return Above {
                blank_line: true,
                ..above
            };
        }
        let lead = line.len() - body.len();
        let indent = columns(&line[..lead]);
        let too_long = line.len() > MAX_LINE_BYTES;
        let id = match above.indent {
            Some(above_indent) if !too_long => {
                TokenId::line_break(indent - above_indent, above.blank_line)
            }
            _ => TokenId::BORDER,
        };
        self.tokens.push(Token {
            id,
            start: start as u32,
            len: 0,
            gap: false,
        });
        if !too_long {
            self.lex_body(text, start + lead, start + line.len());
        }
        Above {
            indent: Some(indent),
            blank_line: false,
        }
    }

    /// Cuts a part of a line. Most of it is ASCII, which is looked up byte by byte.
    fn lex_body(&mut self, text: &str, start: usize, end: usize) {
        let bytes = text.as_bytes();
        let mut at = start;
        let mut gap = false;
        while at < end {
            let class = CLASSES[usize::from(bytes[at])];
            if matches!(class, Class::Blank) {
                gap = true;
                at += 1;
                continue;
            }
            if matches!(class, Class::Single) {
                self.tokens.push(Token {
                    id: SINGLE_IDS[usize::from(bytes[at])],
                    start: at as u32,
                    len: 1,
                    gap,
                });
                gap = false;
                at += 1;
                continue;
            }
            let len = match short_piece(&bytes[at..end], class) {
                Some(len) => len,
                None => match piece(&text[at..end]) {
                    Piece::Blank(len) => {
                        gap = true;
                        at += len;
                        continue;
                    }
                    Piece::Word(len) | Piece::Sign(len) => len,
                },
            };
            self.tokens.push(Token {
                id: TokenId::of_hash(hash_part(bytes, at, len)),
                start: at as u32,
                len: len as u32,
                gap,
            });
            gap = false;
            at += len;
        }
    }
}

/// The ids of texts of one byte.
const SINGLE_IDS: [TokenId; 128] = {
    let mut ids = [TokenId::BORDER; 128];
    let mut byte = 0;
    while byte < 128 {
        ids[byte] = TokenId::of_hash(finish(K ^ 1, byte as u64));
        byte += 1;
    }
    ids
};

/// Trims; looks at one byte where there is nothing to do.
fn trimmed_end(text: &str) -> &str {
    match text.as_bytes() {
        [.., last] if last.is_ascii_graphic() => text,
        _ => text.trim_end(),
    }
}

/// Trims; spaces and tabs go byte by byte.
fn trimmed_start(text: &str) -> &str {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let blanks = text.as_bytes().iter().take_while(is_blank).count();
    match text.as_bytes().get(blanks) {
        Some(first) if first.is_ascii_graphic() => &text[blanks..],
        _ => text.trim_start(),
    }
}

/// Returns the width of leading blanks; a tab counts as four columns.
/// Returns how wide blanks are; a tab counts four columns.
pub(super) fn columns(blanks: &str) -> i32 {
    blanks.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let lexed = Lexed::new(text);
        let pieces: Vec<&str> = lexed
            .tokens
            .iter()
            .map(|t| {
                if t.len == 0 {
                    "\n"
                } else {
                    &text[t.start as usize..(t.start + t.len) as usize]
                }
            })
            .collect();
        assert_eq!(pieces, expected);
    }

    #[test]
    fn words_numbers_and_signs_are_whole() {
        check(
            "let x_1 = a::b(1.5, 0..9)?;",
            &[
                "\n", "let", "x_1", "=", "a", "::", "b", "(", "1.5", ",", "0", "..", "9", ")", "?",
                ";",
            ],
        );
    }

    #[test]
    fn empty_lines_are_no_tokens() {
        check("a\r\n\r\n  \n\tb", &["\n", "a", "\n", "b"]);
    }

    #[test]
    fn nested_generics_close_one_by_one() {
        check("V<V<u8>>", &["\n", "V", "<", "V", "<", "u8", ">", ">"]);
    }

    #[test]
    fn a_line_break_knows_the_change_of_indentation() {
        let deeper = Lexed::new("a\n    b").tokens[2].id;
        let tabbed = Lexed::new("a\n\tb").tokens[2].id;
        let equal = Lexed::new("a\nb").tokens[2].id;
        assert_eq!(deeper, tabbed);
        assert_ne!(deeper, equal);
    }

    #[test]
    fn a_line_of_data_is_left_out() {
        let text = format!("a\n{}\nb", "x ".repeat(MAX_LINE_BYTES));
        check(&text, &["\n", "a", "\n", "\n", "b"]);
    }

    proptest! {
        #[test]
        fn lexing_again_after_an_edit_gives_what_lexing_anew_gives(
            common in "[a-c =\n\t.😀]{0,40}", old in "[a-c =\n\t.\r]{0,20}", new in "[a-c =\n\t.]{0,20}",
        ) {
            let before = format!("{common}{old}");
            let after = format!("{common}{new}");
            let mut lexed = Lexed::new(&before);
            let (from, tokens) = lexed.rewind(common.len());
            lexed.tokens.truncate(tokens);
            lexed.extend(&after, from);
            let anew = Lexed::new(&after);
            prop_assert_eq!(&lexed.tokens, &anew.tokens);
            prop_assert_eq!(lexed.break_before_cursor("  "), anew.break_before_cursor("  "));
        }

        #[test]
        fn the_fast_way_cuts_like_the_plain_one(
            text in prop::collection::vec(
                prop::sample::select(vec![
                    "let", "x_1", "$a", "é", "😀", "1", "12.5", "1.", ".", "..=", "0x1f", " ", "\t",
                    "\u{a0}", "\u{b}", "\u{1c}", "-", "----", "=>", "==", "\"\"\"", "'", "(", "#", "?.", "\0",
                ]),
                0..40,
            ).prop_map(|pieces| pieces.concat()),
        ) {
            let mut expected = Vec::new();
            let (mut at, mut gap) = (0, false);
            let body = text.trim();
            while at < body.len() {
                match piece(&body[at..]) {
                    Piece::Blank(len) => {
                        gap = true;
                        at += len;
                    }
                    Piece::Word(len) | Piece::Sign(len) => {
                        expected.push((TokenId::of(&body[at..at + len]), len as u32, gap));
                        gap = false;
                        at += len;
                    }
                }
            }
            let lexed = Lexed::new(&text);
            let found: Vec<_> = lexed.tokens.iter().skip(1).map(|t| (t.id, t.len, t.gap)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn a_hash_is_of_its_bytes_alone(bytes in prop::collection::vec(any::<u8>(), 0..40), start in 0_usize..9) {
            let start = start.min(bytes.len());
            for len in 0..=bytes.len() - start {
                prop_assert_eq!(hash_part(&bytes, start, len), hash_bytes(&bytes[start..start + len]));
            }
        }

        #[test]
        fn any_text_is_lexed_in_order_without_overlap(text in any::<String>()) {
            let mut end = 0;
            for token in Lexed::new(&text).tokens {
                prop_assert!(token.start >= end);
                end = token.start + token.len;
                prop_assert!(text.get(token.start as usize..end as usize).is_some());
            }
        }
    }
}
