//! What this workspace teaches about the embedded model's confidence.
//!
//! Every candidate of the embedded model is compared with what was typed in its place, shown or
//! not (see `episodes/label`): accepted, matched by hand, gone another way, turned down. That is
//! what the correction learns from. It is kept beside the index, so that a session begins where
//! the last one ended; one process at a time writes it, the others' lessons end with them.

use std::collections::VecDeque;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::shared_file;
use crate::domain::{Confidence, DecisionId, MatchRow, ModelId};
use crate::inhouse::{Correction, Prediction};
use crate::workspace::IndexLock;

const FILE_NAME: &str = "confidence.json";
/// Goes up when the weights are fitted anew: the correction of other weights says nothing.
const VERSION: u32 = 2;
/// How many candidates may wait to be compared; as many as there are labels.
const MOST_WAITING: usize = 256;

/// The confidence of one workspace, which many requests share.
#[derive(Debug, Default)]
pub struct WorkspaceConfidence(Mutex<Lessons>);

#[derive(Debug, Default)]
struct Lessons {
    correction: Correction,
    has_learnt: bool,
    waiting: VecDeque<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    decision: DecisionId,
    fitted: Confidence,
    is_cut: bool,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    version: u32,
    correction: Correction,
}

impl WorkspaceConfidence {
    /// Returns the correction as it is now.
    pub fn correction(&self) -> Correction {
        self.lessons().correction
    }

    /// Waits for what becomes of a prediction.
    pub fn remember(&self, decision: DecisionId, prediction: &Prediction) {
        let waiting = &mut self.lessons().waiting;
        if waiting.len() == MOST_WAITING {
            waiting.pop_front();
        }
        waiting.push_back(Waiting {
            decision,
            fitted: prediction.fitted,
            is_cut: prediction.is_cut,
        });
    }

    /// Learns from a comparison, if it is one of the embedded model.
    pub fn observe(&self, row: &MatchRow) {
        if row.arm != ModelId::embedded() {
            return;
        }
        let mut lessons = self.lessons();
        let is_it = |waiting: &Waiting| waiting.decision == row.decision;
        let Some(at) = lessons.waiting.iter().position(is_it) else {
            return;
        };
        if let Some(waiting) = lessons.waiting.remove(at) {
            let is_all_typed = row.prefix_chars == row.candidate_chars;
            let is_right = row.exact_line || (waiting.is_cut && is_all_typed);
            lessons.correction.observe(waiting.fitted, is_right);
            lessons.has_learnt = true;
        }
    }

    /// Goes on from where the last session ended, unless this one has learnt already.
    pub fn load(&self, folder: &Path) {
        let kept = fs::read(folder.join(FILE_NAME)).ok();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        let mut lessons = self.lessons();
        if let Some(kept) = kept
            && kept.version == VERSION
            && kept.correction.is_sound()
            && !lessons.has_learnt
        {
            lessons.correction = kept.correction;
        }
    }

    /// Keeps what was learnt for the next session; a reader sees the old file or the new one.
    ///
    /// # Errors
    /// When another process writes the folder, or nobody can.
    pub fn save(&self, folder: &Path) -> io::Result<()> {
        let Lessons {
            correction,
            has_learnt,
            ..
        } = *self.lessons();
        if !has_learnt {
            return Ok(());
        }
        let _lock = IndexLock::take(folder).map_err(io::Error::other)?;
        let kept = Kept {
            version: VERSION,
            correction,
        };
        shared_file::replace(&folder.join(FILE_NAME), &kept)
    }

    fn lessons(&self) -> MutexGuard<'_, Lessons> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RowId, Timestamp};
    use crate::inhouse::{EmbeddedModel, Query};

    fn prediction() -> Prediction {
        let line = "    let guard = self.state.lock();\n".repeat(4);
        let query = Query {
            path: "a.rs",
            language: "rust",
            before: &(line + "    let guard = self."),
            after: "",
            several_lines: false,
        };
        EmbeddedModel::new()
            .predict(&query)
            .expect("it was seen four times")
    }

    fn row(decision: DecisionId, exact_line: bool) -> MatchRow {
        let at = Timestamp::from_unix_micros(1_000_000);
        MatchRow {
            id: RowId::new(at),
            decision,
            completion: None,
            arm: ModelId::embedded(),
            offered: false,
            exact_line,
            prefix_chars: 1,
            candidate_chars: 19,
            confidence: None,
            within_ms: 5,
            at,
        }
    }

    fn fail(confidence: &WorkspaceConfidence, times: usize) {
        for _ in 0..times {
            let decision = DecisionId::new(Timestamp::from_unix_micros(1_000_000));
            confidence.remember(decision, &prediction());
            confidence.observe(&row(decision, false));
        }
    }

    #[test]
    fn failures_lower_it_and_the_next_session_knows() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let first = WorkspaceConfidence::default();
        fail(&first, 40);
        let fitted = prediction().fitted;
        let lowered = first.correction().apply(fitted);
        assert!(lowered < fitted, "{lowered:?} {fitted:?}");
        first
            .save(folder.path())
            .expect("the folder can be written");

        let second = WorkspaceConfidence::default();
        second.load(folder.path());
        assert_eq!(second.correction(), first.correction());
    }

    #[test]
    fn a_comparison_counts_once_and_only_for_what_was_predicted() {
        let confidence = WorkspaceConfidence::default();
        let decision = DecisionId::new(Timestamp::from_unix_micros(1_000_000));
        confidence.observe(&row(decision, false));
        assert_eq!(confidence.correction(), Correction::default());
        confidence.remember(decision, &prediction());
        confidence.observe(&row(decision, false));
        let once = confidence.correction();
        confidence.observe(&row(decision, false));
        assert_eq!(confidence.correction(), once);
    }

    #[test]
    fn a_file_that_makes_no_sense_is_as_good_as_none() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for text in [
            "",
            "{}",
            r#"{"version":1,"correction":{"scale":-9,"shift":0,"precision":[1,0,1]}}"#,
        ] {
            fs::write(folder.path().join(FILE_NAME), text).expect("a file");
            let confidence = WorkspaceConfidence::default();
            confidence.load(folder.path());
            assert_eq!(confidence.correction(), Correction::default());
        }
    }

    #[test]
    fn a_session_that_has_learnt_nothing_writes_nothing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        WorkspaceConfidence::default()
            .save(folder.path())
            .expect("nothing to do");
        assert!(!folder.path().join(FILE_NAME).exists());
    }
}
