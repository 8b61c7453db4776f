//! Follows the likeliest tokens to the end of the line.

use super::evidence::{Constraint, Distribution, Evidence};
use super::lex::TokenId;
use super::pieces::is_word_char;
use super::segment::MAX_CONTEXT;
use super::tally::Next;

/// Lines in the making that are followed at the same time.
const WIDTH: usize = 6;
const MAX_TOKENS: usize = 32;
const MAX_BYTES: usize = 160;
/// What is less likely than this, as a logarithm, is never worth showing.
const MIN_LOG_P: f32 = -7.0;

/// One token of a line, with what spoke for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    /// What it is.
    pub(super) id: TokenId,
    /// The logarithm of its probability.
    pub(super) log_p: f32,
    /// The share of the open file in that probability.
    pub(super) open_share: f32,
    /// The longest context in the open file.
    pub(super) open_depth: usize,
    /// The longest context in the workspace.
    pub(super) workspace_depth: usize,
    /// How much was seen after the longest context.
    pub(super) support: f32,
    /// Whether it is an identifier or number.
    pub(super) is_word: bool,
    /// Where it ends in the text of its line, in bytes.
    pub(super) end: usize,
}

impl Step {
    /// Makes a step to what was found after some context.
    pub(super) fn new(next: &Next, found: &Distribution, is_word: bool) -> Self {
        Self {
            id: next.id,
            log_p: next.p.min(1.0).ln(),
            open_share: next.open / next.p,
            open_depth: found.open_depth,
            workspace_depth: found.workspace_depth,
            support: found.support,
            is_word,
            end: 0,
        }
    }
}

/// A line's rest, from the cursor to its end.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// The text after the cursor.
    pub(super) text: String,
    /// Its tokens; the last one ends the line.
    pub(super) steps: Vec<Step>,
    /// The logarithm of its probability.
    pub(super) log_p: f32,
    /// Whether its end was put there by [`super::mend`].
    pub(super) is_mended: bool,
}

#[derive(Clone)]
struct Draft {
    line: Line,
    context: Context,
}

/// The nearest tokens, the nearest first, back to the border of the text at most.
#[derive(Clone, Copy)]
pub(super) struct Context {
    tokens: [TokenId; MAX_CONTEXT],
    len: usize,
}

impl Context {
    /// Takes the nearest tokens, the nearest first.
    pub(super) fn new(nearest: impl Iterator<Item = TokenId>) -> Self {
        let mut context = Self {
            tokens: [TokenId::BORDER; MAX_CONTEXT],
            len: 0,
        };
        for (slot, id) in context.tokens.iter_mut().zip(nearest) {
            *slot = id;
            context.len += 1;
            if id == TokenId::BORDER {
                break;
            }
        }
        context
    }

    /// Goes one token on.
    pub(super) fn push(&mut self, id: TokenId) {
        self.tokens.rotate_right(1);
        self.tokens[0] = id;
        self.len = (self.len + 1).min(MAX_CONTEXT);
    }

    /// Returns the tokens, the nearest first.
    pub(super) fn as_slice(&self) -> &[TokenId] {
        &self.tokens[..self.len]
    }
}

/// Returns likely rests of the line, the likeliest first.
///
/// `context` begins with the nearest token; the first token must satisfy `constraint`, and what of
/// it was typed already is not part of the text.
pub(super) fn search(
    evidence: &mut Evidence<'_>,
    context: impl Iterator<Item = TokenId>,
    constraint: Constraint<'_>,
    at_line_start: bool,
) -> Vec<Line> {
    let mut live = vec![Draft {
        line: Line {
            text: String::new(),
            steps: Vec::new(),
            log_p: 0.0,
            is_mended: false,
        },
        context: Context::new(context),
    }];
    let mut done: Vec<Line> = Vec::new();
    for depth in 0..MAX_TOKENS {
        let first = (depth == 0).then_some(constraint);
        let mut ways = Vec::new();
        for (draft, of) in live.iter().enumerate() {
            let mut found = evidence.next(of.context.as_slice(), first.unwrap_or_default());
            if depth == 0 && found.next.is_empty() && constraint.start.len() > 1 {
                found = evidence.words_that_begin(constraint.start);
            }
            for next in found.next.iter().take(WIDTH + 1) {
                let is_word = evidence.text(next).starts_with(is_word_char);
                let step = Step::new(next, &found, is_word);
                let log_p = of.line.log_p + step.log_p;
                if log_p > MIN_LOG_P {
                    ways.push((log_p, draft, *next, step));
                }
            }
        }
        ways.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.id.cmp(&b.2.id)));
        let mut grown = Vec::with_capacity(WIDTH);
        for (log_p, draft, next, step) in ways {
            if grown.len() == WIDTH {
                break;
            }
            let mut draft = live[draft].clone();
            draft.line.log_p = log_p;
            if next.id.ends_line() {
                let end = draft.line.text.len();
                draft.line.steps.push(Step { end, ..step });
                done.push(draft.line);
                continue;
            }
            append(&mut draft.line.text, evidence, &next, first, at_line_start);
            let end = draft.line.text.len();
            draft.line.steps.push(Step { end, ..step });
            if draft.line.text.len() <= MAX_BYTES {
                draft.context.push(next.id);
                grown.push(draft);
            }
        }
        live = grown;
        done.sort_by(|a, b| b.log_p.total_cmp(&a.log_p));
        let worst_kept = done.get(WIDTH - 1).map_or(MIN_LOG_P, |line| line.log_p);
        if live.iter().all(|draft| draft.line.log_p < worst_kept) {
            break;
        }
    }
    done.truncate(WIDTH);
    done
}

fn append(
    text: &mut String,
    evidence: &Evidence<'_>,
    next: &Next,
    first: Option<Constraint<'_>>,
    at_line_start: bool,
) {
    let word = evidence.text(next);
    let gap = next.gap * 2.0 > next.p;
    match first {
        Some(constraint) if !constraint.start.is_empty() => {
            text.push_str(word.strip_prefix(constraint.start).unwrap_or(word));
        }
        Some(constraint) if constraint.after_blank || at_line_start => text.push_str(word),
        Some(_) | None => {
            if gap {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
}
