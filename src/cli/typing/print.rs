//! How a session looks: a line per suggestion on stdout, progress on stderr.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::Value;

use super::pick::PickedFile;
use super::tally::{LineRun, Session, Suggestion, Totals};

/// How the lines stay unknown to the server; said in both output forms.
const HOW: &str = "The lines are cut out of their files before the server sees them, and the \
    embedded model forgets a file's copy on disk when it is opened; it can know a line only from \
    where the same text stands elsewhere. The session has its own state; a suggestion is accepted \
    when all of it is what follows in the file.";

/// The longest stretch of a typed line that is shown before the cursor.
const SHOWN_BEFORE: usize = 44;

/// Where the session goes to.
pub(super) struct Printer {
    json: bool,
    colour: bool,
    progress: ProgressBar,
    /// Once stdout is closed (`mantle try | head`) there is nobody left to print for.
    closed: bool,
}

impl Printer {
    pub(super) fn new(json: bool) -> Self {
        // indicatif hides itself when stderr is not a terminal.
        let progress = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        Self {
            json,
            colour: io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            progress,
            closed: false,
        }
    }

    /// Shows that the server reads the workspace.
    pub(super) fn indexing(&self) {
        let style = ProgressStyle::with_template("{spinner} {msg}");
        self.progress
            .set_style(style.expect("the template is well-formed"));
        self.progress.set_message("reading the workspace");
        self.progress
            .enable_steady_tick(std::time::Duration::from_millis(120));
    }

    /// Shows what is going to be typed.
    pub(super) fn begin(
        &mut self,
        root: &Path,
        seed: u64,
        files: &[PickedFile],
        indexed: Option<u64>,
    ) -> io::Result<()> {
        let lines: usize = files.iter().map(|file| file.lines.len()).sum();
        self.progress.set_length(lines as u64);
        self.progress.set_message("typing");
        let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} lines");
        self.progress
            .set_style(style.expect("the template is well-formed"));
        if self.json {
            return Ok(());
        }
        let indexed = indexed.map_or("an unknown number".to_owned(), |files| files.to_string());
        self.say(&format!(
            "Typing {lines} lines of {} files in {} ({indexed} files indexed). Again: --seed {seed}",
            files.len(),
            root.display(),
        ))?;
        self.say(&self.paint(DIM, HOW))?;
        self.say("")
    }

    /// Shows a suggestion when it is first offered.
    pub(super) fn suggestion(&mut self, run: &LineRun, suggestion: &Suggestion) {
        if self.json {
            return;
        }
        let text = self.suggestion_text(run, suggestion);
        // A closed stdout ends the printing, not the session: its exit code still counts.
        let _ = self.say(&text);
    }

    fn suggestion_text(&self, run: &LineRun, suggestion: &Suggestion) -> String {
        let (verdict, colour) = if suggestion.accepted {
            ("accepted", GREEN)
        } else {
            ("not", RED)
        };
        let source = suggestion.source.as_deref().unwrap_or("unknown source");
        let model = match suggestion.model.as_deref() {
            Some(model) if model != source => format!(" {}", plain(model)),
            _ => String::new(),
        };
        let confidence = suggestion
            .confidence
            .map_or("?".to_owned(), |chance| format!("{:.0}%", chance * 100.0));
        let cost = suggestion
            .expected_cost_usd
            .as_deref()
            .map_or("cost unknown".to_owned(), |cost| {
                format!("${}", plain(cost))
            });
        format!(
            "{}:{}  {}▏{}  {} {}",
            run.file,
            run.line,
            plain(tail(&suggestion.typed)),
            self.paint(colour, &plain(&suggestion.suggested)),
            self.paint(
                DIM,
                &format!("{}{model} {confidence} {cost}", plain(source))
            ),
            self.paint(colour, verdict),
        )
    }

    pub(super) fn line_done(&self) {
        self.progress.inc(1);
    }

    /// Takes the progress bar away.
    pub(super) fn end(&mut self) {
        self.progress.finish_and_clear();
        let _ = self.say("");
    }

    /// Prints the session's sums, the last thing in text form.
    pub(super) fn summary(&mut self, totals: &Totals) -> io::Result<()> {
        let precision = totals.precision.map_or("no precision".to_owned(), |share| {
            format!("precision {:.0}%", share * 100.0)
        });
        let latency = match (totals.latency_p50_ms, totals.latency_p95_ms) {
            (Some(p50), Some(p95)) => format!("{p50:.1} ms p50, {p95:.1} ms p95 a key"),
            _ => "no key timed".to_owned(),
        };
        self.say("")?;
        self.say(&format!(
            "{} lines, {} keys typed, {} saved; {} suggestions offered, {} would have been \
             accepted, {precision}; {latency}",
            totals.lines, totals.keys_typed, totals.keys_saved, totals.offered, totals.accepted,
        ))
    }

    /// Prints the whole session as one JSON object.
    pub(super) fn json(
        &mut self,
        session: &Session,
        totals: &Totals,
        report: &Value,
    ) -> anyhow::Result<()> {
        #[derive(Serialize)]
        struct Printed<'a> {
            version: u32,
            how: &'static str,
            #[serde(flatten)]
            session: &'a Session,
            totals: &'a Totals,
            report: &'a Value,
        }
        let printed = Printed {
            version: 1,
            how: HOW,
            session,
            totals,
            report,
        };
        self.progress.finish_and_clear();
        self.say(&serde_json::to_string_pretty(&printed)?)?;
        Ok(())
    }

    /// Says something on stderr without tearing the progress bar.
    pub(super) fn note(&self, text: &str) {
        self.progress.suspend(|| eprintln!("{text}"));
    }

    pub(super) fn nothing_accepted(&self) {
        self.note(
            "No suggestion was right. The embedded model speaks only where a project repeats \
             itself.\nhint: try more lines (--files 10 --lines 20), another --seed, or a model of \
             yours (--config FILE).",
        );
    }

    pub(super) fn interrupted(&self) {
        self.progress.finish_and_clear();
        eprintln!("interrupted; the language server was ended");
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        if self.closed {
            return Ok(());
        }
        let said = self
            .progress
            .suspend(|| writeln!(io::stdout().lock(), "{text}"));
        match said {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            other => other,
        }
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colour {
            format!("{colour}{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }
}

const DIM: &str = "\x1b[2m";
const GREEN: &str = "\x1b[32m";
const RED: &str = "\x1b[31m";

/// Returns text that cannot steer a terminal: a model's words are shown, never obeyed.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => plain.push('⏎'),
            '\t' => plain.push_str("    "),
            // Beside control characters, those that reorder the line they stand in.
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => plain.push('�'),
            _ if character.is_control() => plain.push('�'),
            _ => plain.push(character),
        }
    }
    plain
}

/// Returns the end of a long typed text; what is next to the cursor matters.
fn tail(typed: &str) -> &str {
    let cut = typed.char_indices().rev().nth(SHOWN_BEFORE - 1);
    cut.map_or(typed, |(at, _)| &typed[at..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suggestion_cannot_steer_the_terminal() {
        assert_eq!(plain("a\x1b[2Jb\r\u{202e}c\n\td"), "a�[2Jb��c⏎    d");
    }

    #[test]
    fn the_end_of_a_long_line_is_shown() {
        let typed = format!("{}let total", "é".repeat(60));
        assert_eq!(tail(&typed).chars().count(), SHOWN_BEFORE);
        assert!(tail(&typed).ends_with("let total"));
        assert_eq!(tail("short"), "short");
    }
}
