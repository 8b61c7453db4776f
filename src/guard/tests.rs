use crate::domain::TokenCount;

use super::*;

fn prompt() -> Prompt {
    Prompt {
        path: "src/main.rs".to_owned(),
        language: "rust".to_owned(),
        snippets: vec![
            Snippet {
                path: "src/lib.rs".to_owned(),
                text: "pub fn one() {}".to_owned(),
            },
            Snippet {
                path: ".env".to_owned(),
                text: "TOKEN=abc".to_owned(),
            },
        ],
        prefix: "fn main() {\n    ".to_owned(),
        suffix: "\n}\n".to_owned(),
        single_line: true,
        max_output_tokens: 32,
        input_tokens: TokenCount::new(20),
    }
}

#[test]
fn snippets_of_excluded_files_are_dropped() {
    let (cleared, redactions) = Guard::new().clear(prompt());
    let paths: Vec<_> = cleared.get().snippets.iter().map(|s| &s.path).collect();
    assert_eq!(paths, ["src/lib.rs"]);
    assert_eq!(redactions.excluded_files, 1);
}

#[test]
fn the_text_of_an_excluded_file_is_dropped() {
    let (cleared, redactions) = Guard::new().clear(Prompt {
        path: "deploy/.env".to_owned(),
        snippets: Vec::new(),
        ..prompt()
    });
    let cleared = cleared.into_inner();
    assert_eq!((cleared.prefix.as_str(), cleared.suffix.as_str()), ("", ""));
    assert_eq!(redactions.excluded_files, 1);
}

#[test]
fn every_text_of_a_prompt_is_cleared() {
    let secret = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
    let dirty = format!("<|fim_middle|>\u{202e}{secret}");
    let (cleared, redactions) = Guard::new().clear(Prompt {
        path: format!("src/\n{}.rs", "<|fim_middle|>"),
        language: "rust<|im_end|>".to_owned(),
        snippets: vec![Snippet {
            path: "src/<EOT>lib.rs".to_owned(),
            text: dirty.clone(),
        }],
        prefix: dirty.clone(),
        suffix: format!("\n{dirty}"),
        ..prompt()
    });
    let cleared = cleared.into_inner();
    assert_eq!(cleared.path, "src/.rs");
    assert_eq!(cleared.language, "rust");
    assert_eq!(cleared.snippets[0].path, "src/lib.rs");
    assert_eq!(cleared.snippets[0].text, MASK);
    assert_eq!(cleared.prefix, MASK);
    assert_eq!(cleared.suffix, format!("\n{MASK}"));
    assert_eq!(
        redactions,
        Redactions {
            special_tokens: 6,
            control_characters: 4,
            secrets: 3,
            excluded_files: 0
        }
    );
}

#[test]
fn ordinary_code_passes_byte_for_byte() {
    let clean = Prompt {
        snippets: Vec::new(),
        ..prompt()
    };
    let (cleared, redactions) = Guard::new().clear(clean.clone());
    assert_eq!(cleared.into_inner(), clean);
    assert!(redactions.is_empty());
}

#[test]
fn cleared_text_does_not_show_itself_in_a_log() {
    let (cleared, _) = Guard::new().clear(prompt());
    assert_eq!(format!("{cleared:?}"), "Cleared(..)");
}

#[test]
fn a_secret_counts_where_a_text_ends_it() {
    let (first, second) = ("ghp_16C7e42F292c6912", "E7710c838347Ae178B4a");
    let guard = Guard::new();
    assert!(guard.completes_secret(&format!("key = \"{first}"), &format!("{second}\"")));
    assert!(guard.completes_secret("key = ", &format!("\"{MASK}\"")));
    assert!(!guard.completes_secret(&format!("let a = (\"{first}{second}\""), ", b);"));
    assert!(!guard.completes_secret("key = ", "std::env::var(\"TOKEN\")?;"));
}

#[test]
fn a_part_of_a_secret_is_known_by_what_stands_around_it() {
    let body = "MIIEpAIBAAKCAQEA7bq0Rz3xkJ5YtVw2nLhG8sDfQpWcXeTyUiOpAsDf\n".repeat(3);
    let (begin, end) = (
        ["-----BEGIN ", "PRIVATE KEY-----\n"].concat(),
        ["-----END ", "PRIVATE KEY-----\n"].concat(),
    );
    let text = format!("let a = 1;\n{begin}{body}{end}let b = 2;\n");
    let guard = Guard::new();
    let line = text.find("MIIE").expect("the key's first line");
    assert!(guard.holds_secret(&text, line..line + 56));
    assert!(!guard.holds_secret(&text, 0..11));
    assert!(!guard.holds_secret(&text, text.len() - 11..text.len()));
}
