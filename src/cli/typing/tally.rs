//! What a session counted: per line, and over all lines.

use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::pick::{PickedFile, PickedLine};
use crate::cli::lsp_client::wire::InlineCompletionItem;

/// A whole session, as `--json` prints it beside its totals and report.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    pub seed: u64,
    pub root: String,
    /// Files in the server's first index; null when it was not finished in time.
    pub indexed_files: Option<u64>,
    pub files: Vec<FileRun>,
    pub lines: Vec<LineRun>,
}

impl Session {
    pub(super) fn new(seed: u64, root: &Path, indexed_files: Option<u64>) -> Self {
        Self {
            seed,
            root: root.display().to_string(),
            indexed_files,
            files: Vec::new(),
            lines: Vec::new(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct FileRun {
    pub path: String,
    pub language: &'static str,
    pub lines: usize,
}

impl FileRun {
    pub(super) fn of(file: &PickedFile) -> Self {
        Self {
            path: file.path.display().to_string(),
            language: file.language,
            lines: file.lines.len(),
        }
    }
}

/// One line that was typed.
#[derive(Debug, Serialize)]
pub(super) struct LineRun {
    pub file: String,
    /// From 1, as compilers print it.
    pub line: u32,
    pub text: String,
    pub keys_typed: u64,
    /// Characters that suggestions put in, less one key for each acceptance.
    pub keys_saved: u64,
    pub suggestions: Vec<Suggestion>,
    /// From before the change is sent until the answer is read, one per key typed.
    #[serde(rename = "latencies_us", serialize_with = "microseconds")]
    pub latencies: Vec<Duration>,
}

impl LineRun {
    pub(super) fn new(file: &PickedFile, line: &PickedLine) -> Self {
        Self {
            file: file.path.display().to_string(),
            line: line.number + 1,
            text: line.text.clone(),
            keys_typed: 0,
            keys_saved: 0,
            suggestions: Vec::new(),
            latencies: Vec::new(),
        }
    }

    /// Counts a key and how long its answer took.
    pub(super) fn key(&mut self, latency: Duration) {
        self.keys_typed += 1;
        self.latencies.push(latency);
    }

    /// Counts a suggestion when it is first offered.
    pub(super) fn offer(&mut self, suggestion: Suggestion) {
        if suggestion.accepted {
            let characters = suggestion.suggested.chars().count() as u64;
            self.keys_saved += characters.saturating_sub(1);
        }
        self.suggestions.push(suggestion);
    }
}

/// One suggestion, with the text around it: this is the user's own terminal.
#[derive(Debug, Serialize)]
pub(super) struct Suggestion {
    pub id: Option<String>,
    pub typed: String,
    pub suggested: String,
    pub source: Option<String>,
    pub model: Option<String>,
    pub confidence: Option<f64>,
    pub expected_cost_usd: Option<String>,
    pub accepted: bool,
}

impl Suggestion {
    pub(super) fn new(
        item: &InlineCompletionItem,
        typed: &str,
        suggested: &str,
        accepted: bool,
    ) -> Self {
        let data = item.data.as_ref();
        Self {
            id: item.completion_id().map(str::to_owned),
            typed: typed.to_owned(),
            suggested: suggested.to_owned(),
            source: data.map(|data| data.source.clone()),
            model: data.and_then(|data| data.model.clone()),
            confidence: data.and_then(|data| data.confidence),
            expected_cost_usd: data.and_then(|data| data.expected_cost.clone()),
            accepted,
        }
    }
}

/// The sums of a session.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Totals {
    pub lines: u64,
    pub keys_typed: u64,
    pub keys_saved: u64,
    pub offered: u64,
    pub accepted: u64,
    /// Accepted over offered; null when nothing was offered.
    pub precision: Option<f64>,
    /// Per key, as the editor feels it, in milliseconds; null when no key was typed.
    pub latency_p50_ms: Option<f64>,
    pub latency_p95_ms: Option<f64>,
}

impl Totals {
    pub(super) fn of(lines: &[LineRun]) -> Self {
        let mut latencies: Vec<Duration> = lines
            .iter()
            .flat_map(|line| &line.latencies)
            .copied()
            .collect();
        latencies.sort_unstable();
        let suggestions = || lines.iter().flat_map(|line| &line.suggestions);
        let offered = suggestions().count() as u64;
        let accepted = suggestions().filter(|offer| offer.accepted).count() as u64;
        Self {
            lines: lines.len() as u64,
            keys_typed: lines.iter().map(|line| line.keys_typed).sum(),
            keys_saved: lines.iter().map(|line| line.keys_saved).sum(),
            offered,
            accepted,
            #[expect(clippy::cast_precision_loss, reason = "a ratio of small counts")]
            precision: (offered > 0).then(|| accepted as f64 / offered as f64),
            latency_p50_ms: quantile(&latencies, 50),
            latency_p95_ms: quantile(&latencies, 95),
        }
    }
}

/// Returns the nearest-rank quantile in milliseconds of sorted spans.
fn quantile(sorted: &[Duration], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    let span = sorted.get(rank - 1)?;
    Some(span.as_secs_f64() * 1e3)
}

fn microseconds<S: serde::Serializer>(spans: &[Duration], out: S) -> Result<S::Ok, S::Error> {
    out.collect_seq(spans.iter().map(Duration::as_micros))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(milliseconds: &[u64], offers: &[(&str, bool)]) -> LineRun {
        let file = PickedFile {
            path: "a.rs".into(),
            language: "rust",
            text: String::new(),
            lines: Vec::new(),
        };
        let picked = PickedLine {
            number: 4,
            text: "let total = 1;".to_owned(),
        };
        let mut run = LineRun::new(&file, &picked);
        for milliseconds in milliseconds {
            run.key(Duration::from_millis(*milliseconds));
        }
        for (text, accepted) in offers {
            let item = InlineCompletionItem {
                insert_text: (*text).to_owned(),
                range: None,
                command: None,
                data: None,
            };
            run.offer(Suggestion::new(&item, "", text, *accepted));
        }
        run
    }

    #[test]
    fn totals_add_up_over_the_lines() {
        let lines = [
            line(&[1, 2, 3], &[("wrong", false), ("al = 1;", true)]),
            line(&[9], &[]),
        ];
        let expected = Totals {
            lines: 2,
            keys_typed: 4,
            // Seven characters for one Tab.
            keys_saved: 6,
            offered: 2,
            accepted: 1,
            precision: Some(0.5),
            // The second and the fourth of 1, 2, 3, 9.
            latency_p50_ms: Some(2.0),
            latency_p95_ms: Some(9.0),
        };
        assert_eq!(Totals::of(&lines), expected);
    }

    #[test]
    fn what_did_not_happen_has_no_figure() {
        let totals = Totals::of(&[line(&[], &[])]);
        assert_eq!(totals.precision, None);
        assert_eq!(totals.latency_p50_ms, None);
    }

    #[test]
    fn lines_are_numbered_as_compilers_do() {
        assert_eq!(line(&[], &[]).line, 5);
    }
}
