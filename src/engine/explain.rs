//! The last decisions of a session, to be shown to whoever asks why.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use crate::context::Related;
use crate::domain::{CompletionId, Decision, Features, Prompt};
use crate::inhouse::Prediction;

/// How many are kept.
const CAPACITY: usize = 256;

/// Everything about one answer, or about the lack of one.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The suggestion, whether or not it came to be.
    pub id: CompletionId,
    /// What was decided.
    pub decision: Decision,
    /// What it was decided on.
    pub features: Features,
    /// The context in words; only on the command line, since it holds text.
    pub context: Option<String>,
    /// What the embedded model weighed: whole lines, then beginnings of the surest; only on the
    /// command line.
    pub embedded: Vec<Prediction>,
    /// The prompt of the last model that was asked, if one was.
    pub prompt: Option<Prompt>,
    /// What other files had to say, the most useful first; kept in memory only.
    pub related: Arc<[Related]>,
    /// What happened, step by step, in sentences.
    pub steps: Vec<String>,
}

/// The store, bounded.
#[derive(Debug, Default)]
pub struct Explanations(Mutex<VecDeque<Explanation>>);

impl Explanations {
    pub fn insert(&self, explanation: Explanation) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == CAPACITY {
            kept.pop_front();
        }
        kept.push_back(explanation);
    }

    pub fn get(&self, id: CompletionId) -> Option<Explanation> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter()
            .rev()
            .find(|explanation| explanation.id == id)
            .cloned()
    }
}
