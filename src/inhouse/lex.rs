//! Cuts source text of any language into words, numbers and punctuation.
//!
//! There is no grammar here: a string or a comment is a row of words like everything else, so that
//! their insides can be predicted too. A line break is a token that carries how the indentation
//! changes; blanks inside a line are no tokens, each token remembers the gap before it.

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
        let hash = (hash_bytes(text.as_bytes()) >> 32) as u32;
        Self(match hash {
            ..FIRST_WORD => hash + FIRST_WORD,
            _ => hash,
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

    /// Returns the bare number, for hashing and sorting.
    pub(super) fn get(self) -> u32 {
        self.0
    }

    /// Returns the id with a bare number, which came out of [`Self::get`].
    pub(super) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// Hashes bytes to 64 well-mixed bits; the same on every machine.
pub(super) fn hash_bytes(bytes: &[u8]) -> u64 {
    const K: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut hash = K ^ bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes(chunk.try_into().expect("chunks have eight bytes"));
        hash = fold(hash ^ word, K);
    }
    let mut last = [0; 8];
    let rest = chunks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    fold(
        fold(hash ^ u64::from_le_bytes(last), K),
        0xD6E8_FEB8_6659_FD93,
    )
}

fn fold(a: u64, b: u64) -> u64 {
    let wide = u128::from(a) * u128::from(b);
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
struct Mark {
    byte: usize,
    tokens: usize,
    above: Above,
}

/// The tokens of a text, which can be brought up to date when its end changes.
#[derive(Debug, Default)]
pub(super) struct Lexed {
    /// The tokens, structure included.
    pub(super) tokens: Vec<Token>,
    marks: Vec<Mark>,
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
            let end = text[at..].find('\n').map_or(text.len(), |i| at + i);
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
        let line = text[start..end].trim_end();
        let body = line.trim_start();
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
            self.lex_body(body, start + lead);
        }
        Above {
            indent: Some(indent),
            blank_line: false,
        }
    }

    fn lex_body(&mut self, body: &str, offset: usize) {
        let mut at = 0;
        let mut gap = false;
        while at < body.len() {
            let rest = &body[at..];
            let len = match piece(rest) {
                Piece::Blank(len) => {
                    gap = true;
                    at += len;
                    continue;
                }
                Piece::Word(len) | Piece::Sign(len) => len,
            };
            self.tokens.push(Token {
                id: TokenId::of(&rest[..len]),
                start: (offset + at) as u32,
                len: len as u32,
                gap,
            });
            gap = false;
            at += len;
        }
    }
}

enum Piece {
    Blank(usize),
    Word(usize),
    Sign(usize),
}

fn piece(rest: &str) -> Piece {
    let first = rest.chars().next().expect("the caller has text left");
    if first.is_whitespace() {
        return Piece::Blank(first.len_utf8());
    }
    if is_word_char(first) {
        let is_number = first.is_ascii_digit();
        let bytes = rest.as_bytes();
        let len = rest
            .char_indices()
            .find(|&(i, c)| {
                let is_decimal_point = is_number
                    && c == '.'
                    && bytes.get(i + 1).is_some_and(u8::is_ascii_digit)
                    && bytes[i - 1] != b'.';
                !is_word_char(c) && !is_decimal_point
            })
            .map_or(rest.len(), |(i, _)| i);
        return Piece::Word(len);
    }
    Piece::Sign(sign_len(rest, first))
}

/// Returns whether a character can stand in an identifier or number.
pub(super) fn is_word_char(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// Returns how many bytes the sign at the start of `rest` has.
///
/// `>>` and `<<` are two signs, because most of them close or open two generics.
fn sign_len(rest: &str, first: char) -> usize {
    if matches!(first, '-' | '=' | '*' | '#' | '~') {
        let run = rest.bytes().take_while(|&b| b == first as u8).count();
        if run >= 4 {
            return run;
        }
    }
    match rest.as_bytes() {
        [b'.', b'.', b'=' | b'.', ..]
        | [b'=', b'=', b'=', ..]
        | [b'!', b'=', b'=', ..]
        | [b'/', b'/', b'/' | b'!', ..]
        | [b'"', b'"', b'"', ..]
        | [b'`', b'`', b'`', ..] => 3,
        [
            b'+' | b'-' | b'*' | b'/' | b'=' | b'!' | b'<' | b'>' | b'&' | b'|' | b':' | b'%'
            | b'^',
            b'=',
            ..,
        ]
        | [b'-' | b'=', b'>', ..]
        | [b'<', b'-', ..]
        | [b':', b':', ..]
        | [b'&', b'&', ..]
        | [b'|', b'|', ..]
        | [b'.', b'.', ..]
        | [b'?', b'.' | b'?', ..]
        | [b'/', b'/' | b'*', ..]
        | [b'*', b'/' | b'*', ..]
        | [b'+', b'+', ..]
        | [b'-', b'-', ..] => 2,
        _ => first.len_utf8(),
    }
}

/// Returns whether more characters may follow to make `sign` a longer sign.
pub(super) fn may_grow(sign: &str) -> bool {
    matches!(
        sign,
        "." | ".."
            | "="
            | "=="
            | "!"
            | "!="
            | "/"
            | "//"
            | "+"
            | "-"
            | "*"
            | "<"
            | ">"
            | "&"
            | "|"
            | ":"
            | "?"
            | "%"
            | "^"
    )
}

/// Returns the width of leading blanks; a tab counts as four columns.
fn columns(blanks: &str) -> i32 {
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
