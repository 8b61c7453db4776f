//! Where the words, numbers and signs of a line end.

/// What a byte is at the start of a piece.
#[derive(Clone, Copy)]
pub(super) enum Class {
    Blank,
    /// Begins or goes on with a word.
    Letter,
    Digit,
    /// A sign that never grows.
    Single,
    /// A sign that may grow.
    Growing,
    /// A part of a longer character.
    Wide,
}

pub(super) const CLASSES: [Class; 256] = {
    let mut classes = [Class::Wide; 256];
    let mut byte = 0;
    while byte < 128 {
        classes[byte] = match byte as u8 {
            b' ' | 9..=13 => Class::Blank,
            b'_' | b'$' | b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Digit,
            b'-' | b'=' | b'*' | b'#' | b'~' | b'.' | b'!' | b'/' | b'"' | b'`' | b'+' | b'<'
            | b'>' | b'&' | b'|' | b':' | b'%' | b'^' | b'?' => Class::Growing,
            _ => Class::Single,
        };
        byte += 1;
    }
    classes
};

/// Returns the length of the ASCII word or sign at the start; `None` where there is neither or where
/// more than its bytes decides.
pub(super) fn short_piece(bytes: &[u8], class: Class) -> Option<usize> {
    match class {
        Class::Letter | Class::Digit => {}
        Class::Growing => return Some(sign_len(bytes)),
        Class::Blank | Class::Single | Class::Wide => return None,
    }
    let goes_on = |byte: &u8| matches!(CLASSES[usize::from(*byte)], Class::Letter | Class::Digit);
    let len = bytes.iter().take_while(|byte| goes_on(byte)).count();
    let next = bytes.get(len);
    let is_wide = next.is_some_and(|byte| !byte.is_ascii());
    let is_point = matches!(class, Class::Digit) && next == Some(&b'.');
    (!is_wide && !is_point).then_some(len)
}

/// What stands at the start of a text, with its length in bytes.
pub(super) enum Piece {
    Blank(usize),
    Word(usize),
    Sign(usize),
}

/// Returns the piece of any text at the start.
pub(super) fn piece(rest: &str) -> Piece {
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
    let is_known = first.is_ascii();
    Piece::Sign(if is_known {
        sign_len(rest.as_bytes())
    } else {
        first.len_utf8()
    })
}

/// Returns whether a character can stand in an identifier or number.
pub(super) fn is_word_char(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

/// Returns how many bytes the ASCII sign at the start of `rest` has.
///
/// `>>` and `<<` are two signs, because most of them close or open two generics.
fn sign_len(rest: &[u8]) -> usize {
    let [first, second, ..] = *rest else {
        return rest.len();
    };
    // Most signs stand alone.
    if !matches!(CLASSES[usize::from(second)], Class::Growing) {
        return 1;
    }
    if matches!(first, b'-' | b'=' | b'*' | b'#' | b'~') {
        let run = rest.iter().take_while(|&&b| b == first).count();
        if run >= 4 {
            return run;
        }
    }
    match rest {
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
        _ => 1,
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
