//! Just enough of Rust to see which modules and crates a file names.
//!
//! Not a parser: comments and literals are blanked, test code is cut out, and what is left is read
//! as a row of words. A macro that builds paths would get past it; we have none.

use std::collections::BTreeSet;

/// A word or sign of the source, with its line from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub text: String,
    pub line: usize,
}

/// A place where a file names a module or crate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Named {
    pub name: String,
    pub line: usize,
}

/// Returns `source` with comments and literals blanked; lines stay where they are.
pub fn without_comments_and_literals(source: &str) -> String {
    let text: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < text.len() {
        let end = literal_or_comment(&text, at);
        if end == at {
            code.push(text[at]);
            at += 1;
        } else {
            code.extend(
                text[at..end]
                    .iter()
                    .map(|c| if *c == '\n' { '\n' } else { ' ' }),
            );
            at = end;
        }
    }
    code
}

/// Returns the end of the comment or literal that begins at `at`, or `at` if none does.
fn literal_or_comment(text: &[char], at: usize) -> usize {
    let after_word = at > 0 && is_word(text[at - 1]);
    match (text[at], text.get(at + 1)) {
        ('/', Some('/')) => find(text, at, |i| text[i] == '\n'),
        ('/', Some('*')) => end_of_block_comment(text, at),
        ('"', _) => end_of_string(text, at + 1),
        ('\'', Some('\\')) => find(text, at + 3, |i| text[i] == '\'') + 1,
        ('\'', Some(_)) if text.get(at + 2) == Some(&'\'') => at + 3,
        ('r' | 'b' | 'c', _) if !after_word => end_of_prefixed_literal(text, at),
        _ => at,
    }
}

fn end_of_prefixed_literal(text: &[char], at: usize) -> usize {
    let quote = find(text, at, |i| !matches!(text[i], 'r' | 'b' | 'c'));
    let raw = text[at..quote].contains(&'r');
    let hashes = find(text, quote, |i| text[i] != '#') - quote;
    match text.get(quote + hashes) {
        Some('"') if raw => {
            let closes = |i: usize| {
                text[i] == '"' && text[i + 1..].iter().take_while(|c| **c == '#').count() >= hashes
            };
            (find(text, quote + hashes + 1, closes) + 1 + hashes).min(text.len())
        }
        Some('"') if hashes == 0 => end_of_string(text, quote + 1),
        _ => at,
    }
}

fn end_of_string(text: &[char], mut at: usize) -> usize {
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(text.len())
}

fn end_of_block_comment(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(text.len())
}

fn find(text: &[char], from: usize, found: impl Fn(usize) -> bool) -> usize {
    (from..text.len()).find(|i| found(*i)).unwrap_or(text.len())
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Returns the words and signs of `source` that are shipped: without comments, literals, lifetimes
/// and everything under `#[cfg(test)]`. A path separator is one sign.
pub fn shipped_tokens(source: &str) -> Vec<Token> {
    without_tests(tokens(&without_comments_and_literals(source)))
}

fn tokens(code: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let mut rest = line.trim_start();
        while let Some(first) = rest.chars().next() {
            let length = match first {
                '\'' => 1 + rest[1..].find(|c| !is_word(c)).unwrap_or(rest.len() - 1),
                ':' if rest.starts_with("::") => 2,
                _ if is_word(first) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
                _ => first.len_utf8(),
            };
            let (text, after) = rest.split_at(length);
            if first != '\'' {
                tokens.push(Token {
                    text: text.to_owned(),
                    line: number + 1,
                });
            }
            rest = after.trim_start();
        }
    }
    tokens
}

const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];

fn without_tests(tokens: Vec<Token>) -> Vec<Token> {
    let mut shipped = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let here = &tokens[at..];
        let is_test = here.len() >= CFG_TEST.len()
            && here
                .iter()
                .zip(CFG_TEST)
                .all(|(token, text)| token.text == text);
        if is_test {
            at = end_of_item(&tokens, at + CFG_TEST.len());
        } else {
            shipped.push(tokens[at].clone());
            at += 1;
        }
    }
    shipped
}

/// Returns the place behind the item that begins at `at`: its `;` or its outermost `}`.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0_i32;
    while at < tokens.len() {
        let text = tokens[at].text.as_str();
        at += 1;
        match text {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && matches!(text, ";" | "}") {
            break;
        }
    }
    at
}

/// Returns the top-level modules that a file names by `crate::` or by enough `super::`.
///
/// `depth` is how far the file's module is below the root of the crate: 1 for `src/ledger/mod.rs`,
/// 2 for `src/ledger/store.rs`.
pub fn modules_named(tokens: &[Token], depth: usize, crate_name: &str) -> BTreeSet<Named> {
    let mut named = BTreeSet::new();
    for at in 0..tokens.len() {
        let Some(root) = behind_the_root(tokens, at, depth, crate_name) else {
            continue;
        };
        named.extend(heads(tokens, root));
    }
    named
}

/// If a path that starts at the crate's root begins at `at`, returns the place behind that root.
fn behind_the_root(tokens: &[Token], at: usize, depth: usize, crate_name: &str) -> Option<usize> {
    let text = |i: usize| tokens.get(i).map(|token| token.text.as_str());
    let continues = at > 0 && text(at - 1) == Some("::");
    if continues {
        return None;
    }
    if (text(at) == Some("crate") || text(at) == Some(crate_name)) && text(at + 1) == Some("::") {
        return Some(at + 2);
    }
    let mut behind = at;
    let mut climbed = 0;
    while text(behind) == Some("super") && text(behind + 1) == Some("::") {
        behind += 2;
        climbed += 1;
    }
    (climbed > 0 && climbed == depth).then_some(behind)
}

/// Returns the first words of a path or of each branch of a group.
fn heads(tokens: &[Token], at: usize) -> Vec<Named> {
    let named = |token: &Token| Named {
        name: token.text.clone(),
        line: token.line,
    };
    match tokens.get(at) {
        Some(token) if token.text == "{" => {
            let mut heads = Vec::new();
            let mut depth = 0;
            let mut expecting = true;
            for token in &tokens[at..] {
                match token.text.as_str() {
                    "{" => depth += 1,
                    "}" => depth -= 1,
                    "," if depth == 1 => expecting = true,
                    _ if expecting && depth == 1 => {
                        heads.push(named(token));
                        expecting = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            heads
        }
        Some(token) => vec![named(token)],
        None => Vec::new(),
    }
}

/// Returns what a file takes out of a module: the names right behind `module::`.
pub fn taken_from(tokens: &[Token], module: &str) -> Vec<Named> {
    let text = |i: usize| tokens.get(i).map(|token| token.text.as_str());
    (0..tokens.len())
        .filter(|at| text(*at) == Some(module) && text(at + 1) == Some("::"))
        .flat_map(|at| heads(tokens, at + 2))
        .collect()
}

/// Returns where a file names an external crate: as the head of a path, or in a bare `use`.
pub fn crates_named(tokens: &[Token], is_crate: impl Fn(&str) -> bool) -> BTreeSet<Named> {
    let text = |i: usize| tokens.get(i).map(|token| token.text.as_str());
    (0..tokens.len())
        .filter(|at| is_crate(&tokens[*at].text))
        .filter(|at| *at == 0 || text(at - 1) != Some("::"))
        .filter(|at| {
            let used = *at > 0 && text(at - 1) == Some("use");
            text(at + 1) == Some("::") || (used && matches!(text(at + 1), Some(";" | "as")))
        })
        .map(|at| Named {
            name: tokens[at].text.clone(),
            line: tokens[at].line,
        })
        .collect()
}

/// Returns the lines on which the words of `pattern` stand one behind the other.
pub fn lines_with(tokens: &[Token], pattern: &[&str]) -> Vec<usize> {
    tokens
        .windows(pattern.len())
        .filter(|window| {
            window
                .iter()
                .zip(pattern)
                .all(|(token, text)| token.text == *text)
        })
        .map(|window| window[0].line)
        .collect()
}
