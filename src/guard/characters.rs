//! Characters and strings that mean something to a model or a screen but nothing to a compiler:
//! special tokens, invisible and bidirectional characters, terminal controls.
//!
//! A file that holds a model's special tokens could end the prompt early and put words of its own
//! after it; hidden characters could spell instructions that no reader sees.

use std::sync::LazyLock;

use crate::domain::special_tokens;

use super::Redactions;

/// Tokens of the same families that no template needs but their models know.
const MORE_TOKENS: &[&str] = &["<fim_pad>", "<repo_name>", "<|cursor|>", "<|eot_id|>"];

/// All tokens, and which bytes stand before their last one: this is looked at for every bracket.
struct Tokens {
    all: Vec<&'static str>,
    is_last_but_one: [bool; 256],
}

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    let all: Vec<&str> = special_tokens()
        .chain(MORE_TOKENS.iter().copied())
        .collect();
    let mut is_last_but_one = [false; 256];
    for token in &all {
        if let [.., byte, _] = token.as_bytes() {
            is_last_but_one[usize::from(*byte)] = true;
        }
    }
    Tokens {
        all,
        is_last_but_one,
    }
});

impl Tokens {
    /// Returns the token that a text ends with.
    fn at_end_of(&self, text: &str) -> Option<&'static str> {
        let [.., byte, _] = text.as_bytes() else {
            return None;
        };
        let is_likely = self.is_last_but_one[usize::from(*byte)];
        let mut all = self.all.iter().filter(|_| is_likely);
        all.find(|token| text.ends_with(**token)).copied()
    }
}

/// Returns `text` without control characters and special tokens; line ends and tabs stay.
pub(super) fn strip(text: &str, redactions: &mut Redactions) -> String {
    let is_line = |byte| matches!(byte, b'\n' | b'\r' | b'\t');
    strip_but(text, redactions, is_line)
}

/// Returns `text` like [`strip`], and on one line: for paths and names.
pub(super) fn strip_line(text: &str, redactions: &mut Redactions) -> String {
    strip_but(text, redactions, |_| false)
}

/// `may_stay` says which controls stay.
fn strip_but(text: &str, redactions: &mut Redactions, may_stay: impl Fn(u8) -> bool) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        // Most text is made of plain characters, and is taken over in long pieces.
        let special = |byte| !is_plain(byte) && !may_stay(byte);
        let plain = rest.bytes().position(special).unwrap_or(rest.len());
        kept.push_str(&rest[..plain]);
        let mut others = rest[plain..].chars();
        let Some(c) = others.next() else {
            break;
        };
        rest = others.as_str();
        if is_hidden(c) {
            redactions.control_characters += 1;
            continue;
        }
        kept.push(c);
        // Looking at what was kept, not at the input, also finds a token that only comes to be
        // when another one inside it, or a hidden character, is gone.
        if matches!(c, '>' | ']')
            && let Some(token) = TOKENS.at_end_of(&kept)
        {
            kept.truncate(kept.len() - token.len());
            redactions.special_tokens += 1;
        }
    }
    kept
}

/// Returns whether a byte is a character that is never unwanted and ends no special token.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !matches!(byte, b'>' | b']')
}

/// Returns whether a character is a control or leaves no mark on the screen.
pub(super) const fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' // controls, terminal escapes among them
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' // zero width, left-to-right and right-to-left marks
        | '\u{202a}'..='\u{202e}' // bidirectional embeddings and overrides
        | '\u{2060}'..='\u{206f}' // invisible operators, bidirectional isolates
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' // tags and variation selectors, which can spell hidden text
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) -> Redactions {
        let mut redactions = Redactions::default();
        assert_eq!(strip(text, &mut redactions), expected);
        redactions
    }

    #[test]
    fn special_tokens_of_every_family_are_removed() {
        for token in special_tokens() {
            let found = check(&format!("a{token}b"), "ab");
            assert_eq!(found.special_tokens, 1, "{token}");
        }
    }

    #[test]
    fn every_special_token_ends_with_a_character_that_is_watched_for() {
        for token in special_tokens().chain(MORE_TOKENS.iter().copied()) {
            assert!(token.ends_with(['>', ']']), "{token}");
        }
    }

    #[test]
    fn a_token_that_appears_when_another_is_removed_is_removed_too() {
        check("x<|fim_<|fim_middle|>middle|>y", "xy");
        check("<PR<EOT>E>", "");
    }

    #[test]
    fn a_token_that_is_split_by_a_hidden_character_is_removed() {
        let found = check("<|fim_\u{200b}prefix|>", "");
        assert_eq!((found.special_tokens, found.control_characters), (1, 1));
    }

    #[test]
    fn bidirectional_overrides_and_tag_characters_are_removed() {
        check("if (a\u{202e}\u{2066} == b) {\u{e0041}}", "if (a == b) {}");
    }

    #[test]
    fn line_ends_tabs_and_letters_of_all_scripts_stay() {
        let text = "\tlet größe = \"日本語 🦀\";\r\n";
        assert!(check(text, text).is_empty());
    }

    #[test]
    fn a_path_stays_on_one_line() {
        let mut redactions = Redactions::default();
        assert_eq!(strip_line("a\n<|fim_middle|>.rs", &mut redactions), "a.rs");
    }
}
