//! `FILE:LINE:COL`, as compilers print it: 1-based, columns in characters.

use std::path::PathBuf;
use std::str::FromStr;

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePlace {
    /// The file.
    pub file: PathBuf,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
}

impl FromStr for SourcePlace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is not FILE:LINE:COL, such as src/main.rs:12:5");
        let mut parts = text.rsplitn(3, ':');
        let number = |part: Option<&str>| {
            part.and_then(|digits| digits.parse().ok())
                .filter(|n| *n > 0)
        };
        let (column, line) = (number(parts.next()), number(parts.next()));
        let file = parts.next().filter(|file| !file.is_empty());
        match (file, line, column) {
            (Some(file), Some(line), Some(column)) => Ok(Self {
                file: file.into(),
                line,
                column,
            }),
            _ => Err(wrong()),
        }
    }
}

/// Returns the byte offset of a 1-based line and column; the column after the last character is the
/// end of the line.
///
/// # Errors
/// When the file has no such place; the sentence says what there is.
pub fn byte_offset(text: &str, line: usize, column: usize) -> Result<usize, String> {
    let mut start = 0;
    let mut rest = text;
    for _ in 1..line {
        let Some(end) = line_end(rest) else {
            return Err(format!(
                "there is no line {line}: the file has {}",
                text.lines().count().max(1)
            ));
        };
        start += end;
        rest = &rest[end..];
    }
    let this = rest.find(['\n', '\r']).map_or(rest, |end| &rest[..end]);
    let columns = this.chars().count();
    if column > columns + 1 {
        return Err(format!(
            "line {line} has {columns} characters, so columns 1 to {}",
            columns + 1
        ));
    }
    let into = this
        .char_indices()
        .nth(column - 1)
        .map_or(this.len(), |(at, _)| at);
    Ok(start + into)
}

/// Returns the length of the first line with its end; `None` on the last.
fn line_end(text: &str) -> Option<usize> {
    let at = text.find(['\n', '\r'])?;
    Some(if text[at..].starts_with("\r\n") {
        at + 2
    } else {
        at + 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_its_end() {
        let place: SourcePlace = "a:b.rs:12:5".parse().expect("a place");
        assert_eq!(
            place,
            SourcePlace {
                file: "a:b.rs".into(),
                line: 12,
                column: 5
            }
        );
        for text in ["a.rs", "a.rs:1", "a.rs:0:1", ":1:1", "a.rs:x:1"] {
            assert!(text.parse::<SourcePlace>().is_err(), "{text}");
        }
    }

    #[test]
    fn columns_are_characters_and_one_past_the_end_is_allowed() {
        let text = "é😀x\r\nnext\rlast";
        assert_eq!(byte_offset(text, 1, 3), Ok(6));
        assert_eq!(byte_offset(text, 1, 4), Ok(7));
        assert!(byte_offset(text, 1, 5).is_err());
        assert_eq!(byte_offset(text, 2, 1), Ok(9));
        assert_eq!(byte_offset(text, 3, 5), Ok(18));
        assert!(byte_offset(text, 4, 1).is_err());
    }
}
