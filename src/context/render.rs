//! Fits a context to one model.
//!
//! What changes least comes first: snippets of other files, heads of this file, what was edited
//! lately, the lines before the cursor. The first line shown moves in steps, not with every key, so that a provider's
//! prompt cache still knows the beginning. Other files have half of the room, and what the lines
//! around the cursor do not need. What does not fit goes in this order: further snippets, imports,
//! outer heads, far lines.

use super::collect::{Context, Head};
use super::counted::{Counter, Side};
use super::tokens::token_table_is_loaded;
use crate::domain::{CursorSite, ModelSpec, Prompt, Snippet, TokenCount};

/// The most tokens of a prompt, however much a model could take: more rarely makes a completion
/// better and always makes it dearer and slower.
pub const DEFAULT_PROMPT_TOKENS: u64 = 2_048;

/// What a template, a path line and the marks between parts may need.
pub(super) const FRAME_TOKENS: u64 = 24;
/// What a chat model is told beside the text, and what stands between the messages of a chat.
pub const INSTRUCTION_TOKENS: u64 = 160;
/// The same for every snippet: its path is written as a comment.
const SNIPPET_FRAME_TOKENS: u64 = 6;
/// An answer that ends with its line needs no more than this.
pub(super) const SINGLE_LINE_OUTPUT: u32 = 64;
/// A block seldom needs more than this.
pub(super) const MULTI_LINE_OUTPUT: u32 = 256;
/// Recent edits have at most one part in so many of the room.
const EDIT_SHARE: u64 = 8;
/// The largest step, in lines, by which the first line shown moves.
const MAX_STEP: usize = 32;
/// Token counts are rounded to this where a part's size decides about the next part's.
const STEADY_TOKENS: u64 = 64;

/// Makes the prompt of a context for one model, never above its budget: the model's context less
/// the longest answer and a reserve, and at most [`DEFAULT_PROMPT_TOKENS`].
///
/// Equal contexts give equal prompts while the token table is, or is not, loaded.
#[must_use]
pub fn render(context: &Context, spec: &ModelSpec) -> Prompt {
    let counter = if token_table_is_loaded() {
        Counter::Exact
    } else {
        Counter::Estimate
    };
    fit(context, spec, counter)
}

/// Returns the most tokens that a prompt for this model may have. Only a path that is longer than
/// this itself makes a prompt exceed it.
#[must_use]
pub fn prompt_budget(spec: &ModelSpec) -> u64 {
    let room = spec.context_tokens.saturating_sub(spec.max_output_tokens);
    // Other vocabularies count up to a tenth more tokens than ours.
    (u64::from(room) * 9 / 10).min(DEFAULT_PROMPT_TOKENS)
}

/// Makes the prompt of a context for one model within a budget of our own, in tokens, which may be
/// above [`DEFAULT_PROMPT_TOKENS`]; to measure what another one would be worth.
#[must_use]
pub fn render_within(context: &Context, spec: &ModelSpec, budget: u64) -> Prompt {
    fit_within(context, spec, budget, Counter::Exact)
}

pub(super) fn fit(context: &Context, spec: &ModelSpec, counter: Counter) -> Prompt {
    fit_within(context, spec, prompt_budget(spec), counter)
}

fn fit_within(context: &Context, spec: &ModelSpec, budget: u64, counter: Counter) -> Prompt {
    let instruction = if spec.protocol.is_chat() {
        INSTRUCTION_TOKENS
    } else {
        0
    };
    let frame = FRAME_TOKENS
        + instruction
        + counter.count(&context.path)
        + counter.count(&context.language);
    let room = budget.saturating_sub(frame);

    let before = Side::before(&context.prefix, room, counter);
    let after = Side::after(shown_suffix(context), room / 2, counter);
    let others = room - local_need(&before, &after, room / 2);
    let (edits, edit_tokens) = choose_edits(context, others.min(room / EDIT_SHARE), counter);
    let (mut snippets, used) = choose_snippets(context, others - edit_tokens, counter);
    let mut used = used + edit_tokens;
    let local = room - used;
    let mut suffix = take_lines_after(&after, local / 5);
    let mut prefix_room = local - suffix.tokens;
    let mut prefix = whole_prefix(context, &before, prefix_room);
    if let Some(prefix) = &prefix {
        let unused = (prefix_room - prefix.tokens) / STEADY_TOKENS * STEADY_TOKENS;
        let more = (suffix.tokens + unused).min(local * 2 / 5);
        suffix = take_lines_after(&after, more.max(local / 5));
        // The prefix is taken whole, so the longer suffix must leave it its place.
        prefix_room = local - suffix.tokens;
        debug_assert!(
            prefix.tokens <= prefix_room,
            "the suffix took only what was unused"
        );
    }
    let prefix = prefix.take().unwrap_or_else(|| {
        let (outline, outline_tokens) = choose_outline(context, prefix_room / 8, counter);
        snippets.extend(outline);
        used += outline_tokens;
        cut_prefix(context, &before, prefix_room - outline_tokens, counter)
    });
    // They change more often than anything before them, and tell most about the lines behind them.
    snippets.extend(edits);

    let most_output = match context.site {
        _ if context.single_line => SINGLE_LINE_OUTPUT,
        CursorSite::Comment | CursorSite::String | CursorSite::Import => SINGLE_LINE_OUTPUT,
        CursorSite::Signature
        | CursorSite::EmptyBlock
        | CursorSite::MidLine
        | CursorSite::LineEnd => MULTI_LINE_OUTPUT,
    };
    Prompt {
        path: context.path.clone(),
        language: context.language.clone(),
        snippets,
        single_line: context.single_line,
        max_output_tokens: spec.max_output_tokens.min(most_output),
        input_tokens: TokenCount::new(frame + used + prefix.tokens + suffix.tokens),
        prefix: prefix.text,
        suffix: suffix.text,
    }
}

fn shown_suffix(context: &Context) -> &str {
    context.shown_suffix.as_ref().unwrap_or(&context.suffix)
}

/// A text with what it was counted for.
struct Part {
    text: String,
    tokens: u64,
}

/// Returns how many tokens the lines around the cursor need, at most `most`, in steps: what they
/// leave is for other files.
fn local_need(before: &Side<'_>, after: &Side<'_>, most: u64) -> u64 {
    let above = before.that_fit(most);
    if !before.are_all(above) {
        return most;
    }
    let below = after.that_fit(most - above.tokens);
    if !after.are_all(below) {
        return most;
    }
    let need = above.tokens + below.tokens;
    need.next_multiple_of(STEADY_TOKENS).min(most)
}

/// Takes the most useful snippets that fit; they are sorted, so that a change of their rank alone
/// does not change the prompt.
fn choose_snippets(context: &Context, room: u64, counter: Counter) -> (Vec<Snippet>, u64) {
    let (mut chosen, used) = take_fitting(context.definitions.iter(), room, counter);
    chosen.sort_by(|a, b| (&a.path, &a.text).cmp(&(&b.path, &b.text)));
    (chosen, used)
}

/// Takes the newest edits that fit; the newest stands last.
fn choose_edits(context: &Context, room: u64, counter: Counter) -> (Vec<Snippet>, u64) {
    let (mut chosen, used) = take_fitting(context.edits.iter().rev(), room, counter);
    chosen.reverse();
    (chosen, used)
}

/// Takes each snippet that still fits, once.
fn take_fitting<'s>(
    snippets: impl Iterator<Item = &'s Snippet>,
    room: u64,
    counter: Counter,
) -> (Vec<Snippet>, u64) {
    let mut chosen: Vec<Snippet> = Vec::new();
    let mut used = 0;
    for snippet in snippets {
        let tokens = snippet_tokens(snippet, counter);
        if used + tokens <= room && !chosen.contains(snippet) {
            used += tokens;
            chosen.push(snippet.clone());
        }
    }
    (chosen, used)
}

fn snippet_tokens(snippet: &Snippet, counter: Counter) -> u64 {
    SNIPPET_FRAME_TOKENS + counter.count(&snippet.path) + counter.count(&snippet.text)
}

/// Makes one snippet of the heads of this file that are named near the cursor but far from it.
fn choose_outline(context: &Context, room: u64, counter: Counter) -> (Option<Snippet>, u64) {
    let window = context.offset.get() - context.prefix.len().min(2_048)
        ..context.offset.get() + context.suffix.len().min(512);
    let mut used = SNIPPET_FRAME_TOKENS + counter.count(&context.path);
    let mut lines: Vec<&str> = Vec::new();
    for head in &context.outline {
        let is_near = head.range.start >= window.start && head.range.start < window.end;
        let tokens = counter.count(&head.text) + 1;
        if !is_near && used + tokens <= room {
            used += tokens;
            lines.push(&head.text);
        }
    }
    if lines.is_empty() {
        return (None, 0);
    }
    let snippet = Snippet {
        path: context.path.clone(),
        text: lines.join("\n"),
    };
    (Some(snippet), used)
}

/// Returns the text before the cursor if it is all of the file's and fits.
fn whole_prefix(context: &Context, before: &Side<'_>, room: u64) -> Option<Part> {
    if context.prefix.len() != context.offset.get() {
        return None;
    }
    let taken = before.that_fit(room);
    before.are_all(taken).then(|| Part {
        text: context.prefix.clone(),
        tokens: taken.tokens,
    })
}

/// Returns imports, enclosing heads and the nearest lines before the cursor.
fn cut_prefix(context: &Context, before: &Side<'_>, room: u64, counter: Counter) -> Part {
    let heads = fit_heads(context.enclosing.iter().rev(), room * 3 / 20, counter);
    let imports = fit_heads(context.imports.iter(), room / 10, counter);
    let heads_tokens: u64 = heads.iter().chain(&imports).map(|(_, tokens)| tokens).sum();

    let (start, mut tokens) = window(before, room - heads_tokens);
    let first_byte = context.offset.get() - context.prefix.len() + start;
    let mut shown: Vec<(&Head, u64)> = heads
        .into_iter()
        .chain(imports)
        .filter(|(head, _)| head.range.start < first_byte)
        .collect();
    shown.sort_by_key(|(head, _)| head.range.start);

    let mut text = String::new();
    let mut covered = 0;
    for (head, head_tokens) in shown {
        if head.range.end <= covered {
            continue;
        }
        // A head that reaches into the window is shown as far as the window does not show it.
        let visible = first_byte.min(head.range.end) - head.range.start;
        let visible = head.text.floor_char_boundary(visible);
        text.push_str(head.text[..visible].trim_end());
        text.push('\n');
        tokens += head_tokens;
        covered = head.range.end;
    }
    text.push_str(&context.prefix[start..]);
    Part { text, tokens }
}

fn fit_heads<'a>(
    heads: impl Iterator<Item = &'a Head>,
    room: u64,
    counter: Counter,
) -> Vec<(&'a Head, u64)> {
    let mut used = 0;
    let mut chosen = Vec::new();
    for head in heads {
        // One more for the line ending.
        let tokens = counter.count(&head.text) + 1;
        if used + tokens <= room {
            used += tokens;
            chosen.push((head, tokens));
        }
    }
    chosen
}

/// Returns where the lines that are shown before the cursor begin, and their tokens.
fn window(before: &Side<'_>, room: u64) -> (usize, u64) {
    let prefix = before.text;
    let taken = before.that_fit(room);
    if taken.lines == 0 {
        let (end, tokens) = before.end_that_fits(room);
        return (prefix.len() - end.len(), tokens);
    }
    let start = prefix.len() - taken.bytes;
    if start == 0 {
        return (start, taken.tokens);
    }
    let first = memchr::memchr_iter(b'\n', &prefix.as_bytes()[..start]).count();
    let mut step = MAX_STEP;
    while step > 1 && step > taken.lines / 4 {
        step /= 2;
    }
    // Steps are counted in the text above the cursor, which typing does not change. A window of
    // the context that itself begins elsewhere counts from there.
    let steady = first.next_multiple_of(step);
    let shown = before.without_furthest(taken, steady - first);
    (prefix.len() - shown.bytes, shown.tokens)
}

/// Returns the lines after the cursor that fit, cut within a line only when it is the first.
fn take_lines_after(after: &Side<'_>, room: u64) -> Part {
    let taken = after.that_fit(room);
    let (text, tokens) = if taken.lines == 0 {
        after.start_that_fits(room)
    } else {
        (&after.text[..taken.bytes], taken.tokens)
    };
    Part {
        text: text.to_owned(),
        tokens,
    }
}
