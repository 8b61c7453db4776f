//! Fits a context to one model.
//!
//! What changes least comes first: snippets of other files, heads of this file, what was edited
//! lately, the lines before the cursor. The first line shown moves in steps, not with every key, so that a provider's
//! prompt cache still knows the beginning. Other files have half of the room, and what the lines
//! around the cursor do not need. What does not fit goes in this order: further snippets, imports,
//! outer heads, far lines.

use super::collect::{Context, Head};
use super::tokens::{count_tokens, estimate_upwards, token_table_is_loaded};
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

/// How tokens are counted for one prompt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Counter {
    Estimate,
    Exact,
}

impl Counter {
    /// Returns a count that is not below the truth, for text as people write it.
    fn count(self, text: &str) -> u64 {
        match self {
            Self::Exact => count_tokens(text).get(),
            Self::Estimate => estimate_upwards(text),
        }
    }

    /// Returns the count if it is within `room`, without counting what is far too long.
    fn count_within(self, text: &str, room: u64) -> Option<u64> {
        if text.len() as u64 > bytes_for(room) {
            return None;
        }
        Some(self.count(text)).filter(|&tokens| tokens <= room)
    }
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

    let others = room - local_need(context, room / 2, counter);
    let (edits, edit_tokens) = choose_edits(context, others.min(room / EDIT_SHARE), counter);
    let (mut snippets, used) = choose_snippets(context, others - edit_tokens, counter);
    let mut used = used + edit_tokens;
    let local = room - used;
    let mut suffix = take_lines_after(shown_suffix(context), local / 5, counter);
    let mut prefix_room = local - suffix.tokens;
    let mut prefix = whole_prefix(context, prefix_room, counter);
    if let Some(prefix) = &prefix {
        let unused = (prefix_room - prefix.tokens) / STEADY_TOKENS * STEADY_TOKENS;
        let more = (suffix.tokens + unused).min(local * 2 / 5);
        suffix = take_lines_after(shown_suffix(context), more.max(local / 5), counter);
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
        cut_prefix(context, prefix_room - outline_tokens, counter)
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

/// Returns how many bytes so many tokens have at most, in text that people write.
fn bytes_for(tokens: u64) -> u64 {
    tokens.saturating_mul(24)
}

/// A text with what it was counted for.
struct Part {
    text: String,
    tokens: u64,
}

/// Returns how many tokens the lines around the cursor need, at most `most`, in steps: what they
/// leave is for other files.
fn local_need(context: &Context, most: u64, counter: Counter) -> u64 {
    let mut need = 0;
    let lines = lines_of(&context.prefix)
        .rev()
        .chain(lines_of(shown_suffix(context)));
    for line in lines {
        match counter.count_within(line, most - need) {
            Some(tokens) => need += tokens,
            None => return most,
        }
    }
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
fn whole_prefix(context: &Context, room: u64, counter: Counter) -> Option<Part> {
    if context.prefix.len() != context.offset.get() {
        return None;
    }
    let mut tokens = 0;
    for line in lines_of(&context.prefix).rev() {
        tokens += counter.count_within(line, room - tokens)?;
    }
    Some(Part {
        text: context.prefix.clone(),
        tokens,
    })
}

/// Returns imports, enclosing heads and the nearest lines before the cursor.
fn cut_prefix(context: &Context, room: u64, counter: Counter) -> Part {
    let mut tokens = 0;
    let heads = fit_heads(context.enclosing.iter().rev(), room * 3 / 20, counter);
    let imports = fit_heads(context.imports.iter(), room / 10, counter);
    let heads_tokens: u64 = heads.iter().chain(&imports).map(|(_, tokens)| tokens).sum();

    let start = window_start(&context.prefix, room - heads_tokens, counter);
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
    let window = &context.prefix[start..];
    tokens += lines_of(window)
        .map(|line| counter.count(line))
        .sum::<u64>();
    text.push_str(window);
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

/// Returns where the lines that are shown before the cursor begin.
fn window_start(prefix: &str, room: u64, counter: Counter) -> usize {
    let mut used = 0;
    let mut start = prefix.len();
    let mut shown = 0;
    for line in lines_of(prefix).rev() {
        let Some(tokens) = counter.count_within(line, room - used) else {
            break;
        };
        used += tokens;
        start -= line.len();
        shown += 1;
    }
    if shown == 0 {
        let line = lines_of(prefix).next_back().unwrap_or_default();
        return prefix.len() - end_that_fits(line, room, counter).len();
    }
    if start == 0 {
        return start;
    }
    let above = prefix[..start].bytes();
    let first = above.filter(|&byte| byte == b'\n').count();
    let mut step = MAX_STEP;
    while step > 1 && step > shown / 4 {
        step /= 2;
    }
    // Steps are counted in the text above the cursor, which typing does not change. A window of
    // the context that itself begins elsewhere counts from there.
    let steady = first.next_multiple_of(step);
    let left_out = lines_of(&prefix[start..]).take(steady - first);
    start + left_out.map(str::len).sum::<usize>()
}

/// Returns the end of a line that is too long for its room.
fn end_that_fits(line: &str, room: u64, counter: Counter) -> &str {
    let mut length = line.len().min(bytes_for(room) as usize);
    loop {
        let end = &line[line.ceil_char_boundary(line.len() - length)..];
        if counter.count_within(end, room).is_some() || end.is_empty() {
            return end;
        }
        length = (length * 3 / 4).min(end.len() - 1);
    }
}

/// Returns the lines after the cursor that fit, cut within a line only when it is the first.
fn take_lines_after(suffix: &str, room: u64, counter: Counter) -> Part {
    let mut tokens = 0;
    let mut end = 0;
    for line in lines_of(suffix) {
        let Some(more) = counter.count_within(line, room - tokens) else {
            break;
        };
        tokens += more;
        end += line.len();
    }
    if end == 0 {
        let line = lines_of(suffix).next().unwrap_or_default();
        end = start_that_fits(line, room, counter);
        tokens = if end == 0 {
            0
        } else {
            counter.count(&line[..end])
        };
    }
    Part {
        text: suffix[..end].to_owned(),
        tokens,
    }
}

fn start_that_fits(line: &str, room: u64, counter: Counter) -> usize {
    let most = line.len().min(bytes_for(room) as usize);
    let mut end = line.floor_char_boundary(most);
    while end > 0 && counter.count_within(&line[..end], room).is_none() {
        end = line.floor_char_boundary(end * 3 / 4);
    }
    end
}

fn lines_of(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    text.split_inclusive('\n')
}
