//! Characters and strings that mean something to a model or a screen but nothing to a compiler:
//! special tokens, invisible and bidirectional characters, terminal controls.
//!
//! A file that holds a model's special tokens could end the prompt early and put words of its own
//! after it; hidden characters could spell instructions that no reader sees.

use crate::domain::special_tokens;

use super::Redactions;

/// Tokens of the same families that no template needs but their models know.
const MORE_TOKENS: &[&str] = &["<fim_pad>", "<repo_name>", "<|cursor|>", "<|eot_id|>"];

/// Returns `text` without control characters and special tokens; line ends and tabs stay.
pub(super) fn strip(text: &str, redactions: &mut Redactions) -> String {
    strip_where(text, redactions, |c| {
        is_hidden(c) && !matches!(c, '\n' | '\r' | '\t')
    })
}

/// Returns `text` like [`strip`], and on one line: for paths and names.
pub(super) fn strip_line(text: &str, redactions: &mut Redactions) -> String {
    strip_where(text, redactions, is_hidden)
}

fn strip_where(
    text: &str,
    redactions: &mut Redactions,
    is_unwanted: impl Fn(char) -> bool,
) -> String {
    let tokens: Vec<&str> = special_tokens()
        .chain(MORE_TOKENS.iter().copied())
        .collect();
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    loop {
        // Most text is made of plain characters, and is taken over in long pieces.
        let plain = rest.bytes().take_while(|&byte| is_plain(byte)).count();
        kept.push_str(&rest[..plain]);
        let mut others = rest[plain..].chars();
        let Some(c) = others.next() else {
            break;
        };
        rest = others.as_str();
        if is_unwanted(c) {
            redactions.control_characters += 1;
            continue;
        }
        kept.push(c);
        // Looking at what was kept, not at the input, also finds a token that only comes to be
        // when another one inside it, or a hidden character, is gone.
        if matches!(c, '>' | ']')
            && let Some(token) = tokens.iter().find(|token| kept.ends_with(**token))
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
