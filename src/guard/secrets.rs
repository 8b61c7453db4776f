//! Secrets with a shape of their own: keys of well-known services, private key blocks, tokens,
//! passwords in addresses.
//!
//! Only shapes that code does not have by chance are here, since a masked identifier would make
//! suggestions worse. A password that is just a word is not found; the files that usually hold
//! such are kept in as a whole (`files`). Work is linear in the text.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem::Finder;

use super::{MASK, Redactions};

/// How far from a part of a text a secret of one line is looked for that reaches into it, in bytes;
/// lines are looked at whole.
pub const NEAR: usize = 2 * 1024;

/// Returns `text` with every secret replaced by [`MASK`].
pub(super) fn mask(text: &str, redactions: &mut Redactions) -> String {
    mask_around_cursor(text, "", redactions).0
}

/// Returns both sides of a cursor with every secret replaced, also one in which the cursor stands.
pub(super) fn mask_around_cursor(
    prefix: &str,
    suffix: &str,
    redactions: &mut Redactions,
) -> (String, String) {
    let whole = [prefix, suffix].concat();
    let spans = spans(&whole);
    redactions.secrets += u32::try_from(spans.len()).unwrap_or(u32::MAX);
    let cursor = prefix.len();
    let (mut before, mut after) = (String::with_capacity(cursor), String::new());
    let mut at = 0;
    for span in spans {
        copy(&whole, at..span.start, cursor, &mut before, &mut after);
        // The mask stands where the secret began; the part behind the cursor just goes.
        if span.start < cursor {
            before.push_str(MASK);
        } else {
            after.push_str(MASK);
        }
        at = span.end;
    }
    copy(&whole, at..whole.len(), cursor, &mut before, &mut after);
    (before, after)
}

/// Returns whether a secret ends in `text`, wherever it begins.
pub(super) fn reaches_into(before: &str, text: &str) -> bool {
    let spans = spans(&[before, text].concat());
    spans.iter().any(|span| span.end > before.len())
}

/// Returns whether a secret, or some of one, stands in a part of a text.
pub(super) fn reaches_into_part(text: &str, part: &Range<usize>) -> bool {
    let reaches = |span: &Range<usize>| span.start < part.end && span.end > part.start;
    // What is looked for far and wide costs as much as all of the text has; only a private key is
    // longer than what is near.
    let line = |at: usize| text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let start = line(text.floor_char_boundary(part.start.saturating_sub(NEAR)));
    let end = text.ceil_char_boundary((part.end + NEAR).min(text.len()));
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    let near = spans(&text[start..end]).into_iter();
    let mut near = near.map(|span| span.start + start..span.end + start);
    let mut keys = Vec::new();
    private_keys(text, &mut keys);
    near.any(|span| reaches(&span)) || keys.iter().any(reaches)
}

/// Returns whether the first or the last line of a private key ends in a text that comes in pieces.
pub(super) fn names_private_key<'t>(pieces: impl Iterator<Item = &'t str>) -> bool {
    // The end of what came before, where a mark may have begun.
    let mut before: Vec<u8> = Vec::with_capacity(2 * TAIL.len());
    for piece in pieces.map(str::as_bytes) {
        before.extend(&piece[..piece.len().min(TAIL.len())]);
        if KEY_TAIL.find(&before).is_some() || KEY_TAIL.find(piece).is_some() {
            return true;
        }
        if piece.len() > TAIL.len() {
            before.clear();
            before.extend(&piece[piece.len() - TAIL.len()..]);
        } else {
            before.drain(..before.len().saturating_sub(TAIL.len()));
        }
    }
    false
}

fn copy(whole: &str, range: Range<usize>, cursor: usize, before: &mut String, after: &mut String) {
    before.push_str(&whole[range.start.min(cursor)..range.end.min(cursor)]);
    after.push_str(&whole[range.start.max(cursor)..range.end.max(cursor)]);
}

/// Returns where secrets stand, in order and without overlap, on character borders.
fn spans(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // One pass for all markers: this is done for every key. None of them begins within another, so
    // that matches need not overlap, and the search can skip what no marker begins with.
    for marker in MARKERS.find_iter(text) {
        let shape = &SHAPES[marker.pattern().as_usize()];
        found.extend(shape.at(text, marker.start()));
    }
    web_tokens(text, &mut found);
    aws_secret_keys(text, &mut found);
    passwords_in_addresses(text, &mut found);
    private_keys(text, &mut found);
    found.sort_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for span in found {
        match merged.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

/// A marker, followed by a run of characters.
struct Shape {
    marker: &'static str,
    /// How long the run after the marker is at least.
    least: usize,
    /// Whether a longer run is something else.
    exact: bool,
    is_part: fn(u8) -> bool,
    /// What the run must hold, so that words joined by dashes are no key.
    is_likely: fn(&str) -> bool,
}

const fn shape(marker: &'static str, least: usize, is_part: fn(u8) -> bool) -> Shape {
    Shape {
        marker,
        least,
        exact: false,
        is_part,
        is_likely: has_digit,
    }
}

const fn exactly(marker: &'static str, length: usize, is_part: fn(u8) -> bool) -> Shape {
    Shape {
        exact: true,
        is_likely: |_| true,
        ..shape(marker, length, is_part)
    }
}

const SHAPES: &[Shape] = &[
    exactly("AKIA", 16, is_upper_alphanumeric), // AWS access keys
    exactly("ASIA", 16, is_upper_alphanumeric),
    shape("ghp_", 36, is_alphanumeric), // GitHub
    shape("gho_", 36, is_alphanumeric),
    shape("ghu_", 36, is_alphanumeric),
    shape("ghs_", 36, is_alphanumeric),
    shape("ghr_", 36, is_alphanumeric),
    shape("github_pat_", 22, is_word),
    shape("glpat-", 20, is_word_or_dash), // GitLab
    Shape {
        is_likely: has_digit_and_upper, // OpenAI, Anthropic and those who follow them
        ..shape("sk-", 20, is_word_or_dash)
    },
    shape("sk_live_", 16, is_alphanumeric), // Stripe
    shape("sk_test_", 16, is_alphanumeric),
    shape("rk_live_", 16, is_alphanumeric),
    shape("xoxa-", 10, is_word_or_dash), // Slack
    shape("xoxb-", 10, is_word_or_dash),
    shape("xoxe-", 10, is_word_or_dash),
    shape("xoxp-", 10, is_word_or_dash),
    shape("xoxr-", 10, is_word_or_dash),
    shape("xoxs-", 10, is_word_or_dash),
    exactly("AIza", 35, is_word_or_dash), // Google
    shape("npm_", 36, is_alphanumeric),
    shape("pypi-AgE", 50, is_word_or_dash),
    Shape {
        is_likely: has_digit_and_upper, // Hugging Face
        ..shape("hf_", 30, is_alphanumeric)
    },
    shape("SG.", 60, |b| is_word_or_dash(b) || b == b'.'), // SendGrid
];

static MARKERS: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let markers = SHAPES.iter().map(|shape| shape.marker);
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostFirst)
        .build(markers)
        .expect("a few short markers fit into any automaton")
});

impl Shape {
    /// Returns the secret that begins at `start`, where the marker stands, if it is one.
    fn at(&self, text: &str, start: usize) -> Option<Range<usize>> {
        if text[..start].bytes().next_back().is_some_and(is_word) {
            return None;
        }
        let rest = &text[start + self.marker.len()..];
        let run = &rest[..run_length(rest, self.is_part)];
        let fits = if self.exact {
            run.len() == self.least
        } else {
            run.len() >= self.least
        };
        (fits && (self.is_likely)(run)).then(|| start..start + self.marker.len() + run.len())
    }
}

/// JSON web tokens: three base64 parts, of which two begin like a JSON object.
fn web_tokens(text: &str, found: &mut Vec<Range<usize>>) {
    static HEAD: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("eyJ"));
    for start in HEAD.find_iter(text.as_bytes()) {
        let rest = &text[start..];
        let run = &rest[..run_length(rest, |b| is_word_or_dash(b) || b == b'.')];
        let mut parts = run.splitn(3, '.');
        let is_token = parts.next().is_some_and(|head| head.len() >= 13)
            && parts
                .next()
                .is_some_and(|claims| claims.len() >= 13 && claims.starts_with("eyJ"))
            && parts.next().is_some_and(|signature| signature.len() >= 10);
        if is_token {
            found.push(start..start + run.len());
        }
    }
}

/// The secret half of an AWS key has no marker, but its usual name stands before it.
fn aws_secret_keys(text: &str, found: &mut Vec<Range<usize>>) {
    static NAME: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(["aws_secret_access_key"])
            .expect("one pattern of some letters")
    });
    for name in NAME.find_iter(text) {
        let rest = &text[name.end()..];
        let gap = run_length(rest, |b| {
            matches!(b, b' ' | b'\t' | b'=' | b':' | b'"' | b'\'' | b'>')
        });
        let run = run_length(&rest[gap..], |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'/' | b'+')
        });
        if gap > 0 && run == 40 {
            let start = name.end() + gap;
            found.push(start..start + run);
        }
    }
}

/// `postgres://user:password@host`: the password, unless it is a placeholder.
fn passwords_in_addresses(text: &str, found: &mut Vec<Range<usize>>) {
    static MARK: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("://"));
    for at in MARK.find_iter(text.as_bytes()) {
        let start = at + MARK.needle().len();
        let authority_length = run_length(&text[start..], |b| {
            !b.is_ascii_whitespace() && !matches!(b, b'/' | b'"' | b'\'' | b'`' | b'<' | b'>')
        });
        let authority = &text[start..start + authority_length];
        let Some((login, _host)) = authority.rsplit_once('@') else {
            continue;
        };
        let Some((user, password)) = login.split_once(':') else {
            continue;
        };
        let is_placeholder = password.len() < 3
            || password.contains(['$', '{', '}', '%', '*', '(', ')', '['])
            || [user, "password", "pass", "secret", "xxx"].contains(&password);
        if !is_placeholder {
            let from = start + user.len() + 1;
            found.push(from..from + password.len());
        }
    }
}

/// What ends the first line and the last one of a private key.
const TAIL: &str = "PRIVATE KEY-----";
static KEY_TAIL: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(TAIL));

/// Private key blocks, also those of which the edge of the window shows only one end.
fn private_keys(text: &str, found: &mut Vec<Range<usize>>) {
    const LONGEST: usize = 32 * 1024;
    for at in KEY_TAIL.find_iter(text.as_bytes()) {
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let body = at + TAIL.len();
        if let Some(begin) = text[line_start..at].rfind("-----BEGIN ") {
            let begin = line_start + begin;
            let key = text[body..]
                .find("-----END ")
                .filter(|length| *length <= LONGEST)
                .filter(|length| text[body..body + length].split(is_break).any(is_key_line));
            if let Some(length) = key {
                let end = body + length;
                let line = text[end..].find(TAIL).map_or(0, |tail| tail + TAIL.len());
                found.push(begin..end + line);
            } else {
                let cut = key_lines(text[body..].split_inclusive('\n'));
                if cut > 0 {
                    found.push(begin..body + cut);
                }
            }
        } else if let Some(end) = text[line_start..at].rfind("-----END ") {
            let end = line_start + end;
            let cut = key_lines(text[..end].split_inclusive('\n').rev());
            if cut > 0 {
                found.push(end - cut..body);
            }
        }
    }
}

/// Returns how many bytes of these lines, from the first on, look like the body of a key.
fn key_lines<'a>(lines: impl Iterator<Item = &'a str>) -> usize {
    let (mut length, mut last_key) = (0, 0);
    for line in lines {
        length += line.len();
        let trimmed = line.trim_matches(|c: char| c.is_whitespace() || "\"'\\+,".contains(c));
        if is_key_line(line) {
            last_key = length;
        } else if trimmed.bytes().all(is_base64) {
            // The short last line of a key, or nothing; it counts only beside a full one.
            if last_key > 0 && !trimmed.is_empty() {
                last_key = length;
            }
        } else if !trimmed.starts_with("Proc-Type:") && !trimmed.starts_with("DEK-Info:") {
            break;
        }
    }
    last_key
}

/// Returns whether a line holds a run of base64 that is longer than any name in code.
fn is_key_line(line: &str) -> bool {
    line.split(|c: char| !c.is_ascii() || !is_base64(c as u8))
        .any(|run| run.len() >= 40)
}

const fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\\')
}

/// Returns how many bytes at the start fit; all that fit are ASCII or whole characters.
fn run_length(text: &str, is_part: impl Fn(u8) -> bool) -> usize {
    text.bytes()
        .position(|byte| !is_part(byte))
        .unwrap_or(text.len())
}

const fn is_upper_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

const fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

const fn is_word_or_dash(byte: u8) -> bool {
    is_word(byte) || byte == b'-'
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}

fn has_digit(run: &str) -> bool {
    run.bytes().any(|byte| byte.is_ascii_digit())
}

fn has_digit_and_upper(run: &str) -> bool {
    has_digit(run) && run.bytes().any(|byte| byte.is_ascii_uppercase())
}

#[cfg(test)]
mod tests;
