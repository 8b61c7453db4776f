//! The middle out of what a chat model answers.
//!
//! It was asked for nothing but the text at the cursor, and often says more: its thoughts, a
//! sentence and a Markdown fence before the code, the text before the cursor once more, the text
//! after it, a closing fence and a word of farewell. All that is taken off while the answer streams
//! in, so that whoever follows the stream sees what will be inserted: a piece is held back only as
//! long as it may still be something that does not belong to it. What a plain model may do as well,
//! such as writing over the end of the line, is put right later and elsewhere.

use crate::domain::Prompt;

const FENCE: &str = "```";
const THOUGHT: &str = "<think>";
const END_OF_THOUGHT: &str = "</think>";
/// How much of the text before the cursor is compared, in bytes.
const BEFORE: usize = 4 * 1024;
/// How many lines may be talk before the code, blank ones included.
const TALK_LINES: usize = 6;
/// How many letters and signs of the text after the cursor are enough to know it by.
const TELLING: usize = 12;
/// How much a model may say after the code before it is no longer listened to, in bytes. The usage
/// stands at the end, so a short farewell is waited for.
const FAREWELL: usize = 80;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Thoughts, talk or a fence may come.
    Opening,
    /// The text before the cursor may come again.
    Echo,
    /// This is what was asked for.
    Body,
    /// What comes now is not.
    Over,
}

/// Hears an answer and tells the middle.
#[derive(Clone, Debug)]
pub(super) struct Middle {
    /// The end of the text before the cursor.
    before: String,
    /// Where it could be begun again: every line of it, the longest first.
    line_starts: Vec<usize>,
    /// How the text after the cursor begins; empty when there is none.
    after: String,
    mark: String,
    /// What the file stood under.
    head: String,
    /// Whether people write prose and fences in this file.
    is_prose: bool,
    stage: Stage,
    held: String,
    has_thought: bool,
    is_fenced: bool,
    has_told: bool,
    is_echo: bool,
    farewell: usize,
}

impl Middle {
    /// Makes the ear for one answer; `mark` is what stood for the cursor.
    pub(super) fn of(prompt: &Prompt, mark: &str) -> Self {
        let prefix = &prompt.prefix;
        let near = prefix.ceil_char_boundary(prefix.len().saturating_sub(BEFORE));
        // Models write line feeds, whatever the file has.
        let before = prefix[near..].replace("\r\n", "\n");
        let line_starts = std::iter::once(0)
            .chain(before.match_indices('\n').map(|(at, _)| at + 1))
            .map(|start| start + blanks(&before[start..]))
            .filter(|&start| is_telling(&before[start..]))
            .collect();
        Self {
            line_starts,
            before,
            after: beginning(&prompt.suffix),
            mark: mark.to_owned(),
            head: format!("path: {}", prompt.path),
            is_prose: matches!(prompt.language.as_str(), "markdown" | "plaintext" | ""),
            stage: Stage::Opening,
            held: String::new(),
            has_thought: false,
            is_fenced: false,
            has_told: false,
            is_echo: false,
            farewell: 0,
        }
    }

    /// Hears a piece and returns what is certain to belong to the middle.
    pub(super) fn hear(&mut self, chunk: &str) -> String {
        self.held.push_str(chunk);
        self.go_on(false)
    }

    /// Hears that nothing more comes and returns the rest.
    pub(super) fn end(&mut self) -> String {
        self.go_on(true)
    }

    /// Returns whether the model goes on and on after the middle.
    pub(super) const fn is_tedious(&self) -> bool {
        self.farewell > FAREWELL
    }

    fn go_on(&mut self, is_end: bool) -> String {
        let mut middle = String::new();
        loop {
            let stage = self.stage;
            let has_moved = match stage {
                Stage::Opening => self.open(is_end),
                Stage::Echo => self.skip_echo(is_end),
                Stage::Body => self.tell(is_end, &mut middle),
                Stage::Over => {
                    self.farewell += self.held.len();
                    self.held.clear();
                    false
                }
            };
            if !has_moved {
                return middle;
            }
        }
    }

    /// Takes off what stands before the code. Returns whether there is something to go on with.
    fn open(&mut self, is_end: bool) -> bool {
        let begun = self.held.trim_start();
        if let Some(thought) = begun.strip_prefix(THOUGHT) {
            let Some(end) = thought.find(END_OF_THOUGHT) else {
                return false;
            };
            self.held = thought[end + END_OF_THOUGHT.len()..].to_owned();
            self.has_thought = true;
            return true;
        }
        if is_begun(THOUGHT, begun) && !is_end {
            return false;
        }
        if !self.is_prose {
            match opening(begun, is_end) {
                Opening::Unclear => return false,
                Opening::Talk(end) => {
                    self.held = begun[end..].to_owned();
                    return true;
                }
                Opening::Fence(end) => {
                    self.held = begun[end..].to_owned();
                    self.is_fenced = true;
                }
                // Fenced on one line.
                Opening::Fenced => {
                    let inner = begun.trim_end().trim_matches('`');
                    self.held = inner.to_owned();
                }
                Opening::Code if self.has_thought => {
                    // Lines between thought and answer belong to neither.
                    self.held = self.held.trim_start_matches(['\r', '\n']).to_owned();
                }
                Opening::Code => {}
            }
        }
        self.stage = Stage::Echo;
        true
    }

    /// Takes off the text before the cursor, from whichever of its lines the model began again.
    fn skip_echo(&mut self, is_end: bool) -> bool {
        let begun = self.held.trim_start();
        // Some begin with the head of the file, as a comment of the language.
        let comment =
            begun.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
        if let Some(rest) = comment.strip_prefix(self.head.as_str()) {
            if let Some(line_end) = rest.find('\n') {
                self.held = rest[line_end + 1..].to_owned();
                return true;
            }
            if !is_end {
                return false;
            }
        } else if is_begun(&self.head, comment) && !begun.is_empty() && !is_end {
            return false;
        }
        let mut again = self.line_starts.iter().map(|&start| &self.before[start..]);
        let echo = again.find(|line| begun.starts_with(line) || is_begun(line, begun));
        match echo {
            Some(line) if begun.starts_with(line) => {
                self.held = begun[line.len()..].to_owned();
                self.is_echo = true;
            }
            Some(_) if !is_end => return false,
            Some(_) | None => {}
        }
        self.stage = Stage::Body;
        true
    }

    /// Tells what is held as far as nothing of it may be the beginning of something else.
    fn tell(&mut self, is_end: bool, middle: &mut String) -> bool {
        self.held = self.held.replace(&self.mark, "");
        let fence = self.is_fenced.then_some("\n```");
        let after = (self.is_echo && !self.after.is_empty()).then_some(self.after.as_str());
        let ends = || fence.into_iter().chain(after);
        let end = ends().filter_map(|end| self.held.find(end)).min();
        // What may be the mark is taken out later, and what stands before it may end the text then.
        let marked = self.held.len() - overlap(&self.held, &self.mark);
        let may_end = |text: &str| ends().map(|end| overlap(text, end)).max().unwrap_or(0);
        let unmarked = marked - may_end(&self.held[..marked]);
        let clear = match end {
            Some(end) => end,
            None if is_end => self.held.len(),
            None => unmarked.min(self.held.len() - may_end(&self.held)),
        };
        let rest = self.held.split_off(clear);
        let mut told = std::mem::replace(&mut self.held, rest);
        if self.is_fenced && !self.is_echo && !self.has_told && told.starts_with('\n') {
            // The line break of the fence itself.
            told.remove(0);
        }
        self.has_told |= clear > 0;
        middle.push_str(&told);
        if end.is_some() {
            self.stage = Stage::Over;
        }
        end.is_some()
    }
}

/// How an answer begins.
enum Opening {
    /// More must come.
    Unclear,
    /// With talk, up to a fence here.
    Talk(usize),
    /// With a fence, up to the line break here.
    Fence(usize),
    /// With a fence that ends on the same line.
    Fenced,
    Code,
}

fn opening(begun: &str, is_end: bool) -> Opening {
    let unclear = if is_end {
        Opening::Code
    } else {
        Opening::Unclear
    };
    if begun.starts_with(FENCE) {
        return match begun.find('\n') {
            Some(line_end) => Opening::Fence(line_end),
            None if is_end => Opening::Fenced,
            None => Opening::Unclear,
        };
    }
    if is_begun(FENCE, begun) {
        return unclear;
    }
    let mut read = 0;
    for line in begun.split_inclusive('\n').take(TALK_LINES) {
        let text = line.trim();
        if text.starts_with(FENCE) {
            return Opening::Talk(read);
        }
        let may_be_fence = is_begun(FENCE, text) && !line.ends_with('\n');
        if !(text.is_empty() || may_be_fence || is_talk(line)) {
            return Opening::Code;
        }
        read += line.len();
    }
    if read < begun.len() {
        Opening::Code
    } else {
        unclear
    }
}

/// Returns whether a line, which may go on, is a sentence and not code.
fn is_talk(line: &str) -> bool {
    let text = line.trim_end();
    let is_of_sentences = |c: char| c.is_alphanumeric() || " ,.:;!?'’\"`-_/{}".contains(c);
    let ends_as_one = text.ends_with([':', '.', '!']) || !line.ends_with('\n');
    line.starts_with(char::is_uppercase) && text.chars().all(is_of_sentences) && ends_as_one
}

/// Returns whether `heard` is the beginning of `whole`, but not all of it.
fn is_begun(whole: &str, heard: &str) -> bool {
    heard.len() < whole.len() && whole.starts_with(heard)
}

/// Returns how much of the end of `text` is the beginning of `next`, in bytes.
fn overlap(text: &str, next: &str) -> usize {
    next.char_indices()
        .map(|(at, _)| at)
        .rev()
        .find(|&length| text.ends_with(&next[..length]))
        .unwrap_or(0)
}

fn blanks(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Returns whether a text is long enough not to be written twice by chance.
fn is_telling(text: &str) -> bool {
    text.trim().chars().count() >= 3 && text.contains(char::is_alphabetic)
}

/// Returns enough of the text after the cursor to know it by, in whole lines, without blanks at
/// its end.
fn beginning(suffix: &str) -> String {
    let suffix = suffix.replace("\r\n", "\n");
    let mut end = 0;
    let mut telling = 0;
    for line in suffix.split_inclusive('\n') {
        end += line.len();
        telling += line.chars().filter(|c| !c.is_whitespace()).count();
        if telling >= TELLING {
            break;
        }
    }
    suffix[..end].trim_end().to_owned()
}

#[cfg(test)]
mod tests;
