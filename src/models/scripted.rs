//! A model that plays a script, for tests of everything above it.
//!
//! It is deterministic: no clock but tokio's, which a test may pause, and no randomness. Each call
//! plays the next answer; the last one is played again and again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use crate::domain::{Completion, Finish, ModelSpec, Prompt, Usage};
use crate::guard::Cleared;

use super::answer::Answer;
use super::{ModelError, Probe, Sink, Waiting};

#[derive(Clone, Debug)]
enum Step {
    Wait(Duration),
    Text(String),
    Thought(String),
    Usage(Usage),
    Finish(Finish),
    Fail(ModelError),
    Hang,
}

/// What a scripted model answers, step by step.
///
/// ```
/// # use std::time::Duration;
/// # use mantle_ls::models::{ModelError, Script};
/// Script::new()
///     .wait(Duration::from_millis(30)).text("let x").text(" = 1;")
///     .then().fail(ModelError::Loading);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    done: VecDeque<Vec<Step>>,
    current: Vec<Step>,
    log: ScriptLog,
}

impl Script {
    /// Begins with an answer without text.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a script that always answers `text` at once.
    #[must_use]
    pub fn answer(text: &str) -> Self {
        Self::new().text(text)
    }

    /// Waits before the next step, in tokio's time.
    #[must_use]
    pub fn wait(self, wait: Duration) -> Self {
        self.step(Step::Wait(wait))
    }

    /// Sends a piece of text.
    #[must_use]
    pub fn text(self, chunk: &str) -> Self {
        self.step(Step::Text(chunk.to_owned()))
    }

    /// Sends a piece of what the model thinks, which is no text of the answer.
    #[must_use]
    pub fn thought(self, chunk: &str) -> Self {
        self.step(Step::Thought(chunk.to_owned()))
    }

    /// Tells usage.
    #[must_use]
    pub fn usage(self, usage: Usage) -> Self {
        self.step(Step::Usage(usage))
    }

    /// Says why the answer ends; without it, it ends with [`Finish::Stop`].
    #[must_use]
    pub fn finish(self, finish: Finish) -> Self {
        self.step(Step::Finish(finish))
    }

    /// Ends the answer with an error.
    #[must_use]
    pub fn fail(self, error: ModelError) -> Self {
        self.step(Step::Fail(error))
    }

    /// Says nothing more until a time limit or a drop ends the call.
    #[must_use]
    pub fn hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// Begins the answer to the next call.
    #[must_use]
    pub fn then(mut self) -> Self {
        self.done.push_back(std::mem::take(&mut self.current));
        self
    }

    /// Returns a handle that shows what was asked, also after the script is given away.
    #[must_use]
    pub fn log(&self) -> ScriptLog {
        self.log.clone()
    }

    fn step(mut self, step: Step) -> Self {
        self.current.push(step);
        self
    }
}

/// What a scripted model was asked.
#[derive(Clone, Debug, Default)]
pub struct ScriptLog(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    prompts: Vec<Prompt>,
    abandoned: usize,
}

impl ScriptLog {
    /// Returns every prompt, in order.
    #[must_use]
    pub fn prompts(&self) -> Vec<Prompt> {
        self.seen().prompts.clone()
    }

    /// Returns how many calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.seen().prompts.len()
    }

    /// Returns how many calls were dropped before they had an answer.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.seen().abandoned
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // The data is a plain list; a panicking test elsewhere cannot leave it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A model that plays a [`Script`].
#[derive(Debug)]
pub struct Scripted {
    spec: ModelSpec,
    answers: Mutex<VecDeque<Vec<Step>>>,
    log: ScriptLog,
}

impl Scripted {
    pub(super) fn new(spec: ModelSpec, script: Script) -> Self {
        let mut answers = script.done;
        answers.push_back(script.current);
        Self {
            spec,
            answers: Mutex::new(answers),
            log: script.log,
        }
    }

    pub(super) const fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    pub(super) fn probe(&self) -> Probe {
        Probe {
            server: Some("scripted".to_owned()),
            model: Some(self.spec.model.clone()),
            fim: Some(true),
            message: String::new(),
        }
    }

    pub(super) async fn complete(
        &self,
        prompt: Cleared<Prompt>,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        self.log.seen().prompts.push(prompt.into_inner());
        let mut call = Call {
            log: &self.log,
            is_over: false,
        };
        let result = play(self.next_answer(), &self.spec, sink).await;
        call.is_over = true;
        result
    }

    fn next_answer(&self) -> Vec<Step> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.len() > 1 {
            answers.pop_front().unwrap_or_default()
        } else {
            answers.front().cloned().unwrap_or_default()
        }
    }
}

/// Counts a call that is dropped before its end.
struct Call<'a> {
    log: &'a ScriptLog,
    is_over: bool,
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.log.seen().abandoned += 1;
        }
    }
}

async fn play(
    steps: Vec<Step>,
    spec: &ModelSpec,
    sink: &mut dyn Sink,
) -> Result<Completion, ModelError> {
    let mut answer = Answer::new(sink);
    let mut deadline = Instant::now() + spec.first_token_timeout;
    // An answer without a word on its end was complete, unlike a stream that breaks off.
    answer.finish(Finish::Stop);
    for step in steps {
        let waits_until = match step {
            Step::Text(chunk) => {
                answer.text(&chunk);
                if answer.is_enough() {
                    break;
                }
                deadline = Instant::now() + spec.idle_timeout;
                continue;
            }
            Step::Thought(chunk) => {
                answer.unseen(&chunk);
                continue;
            }
            Step::Usage(usage) => {
                answer.usage(usage);
                continue;
            }
            Step::Finish(finish) => {
                answer.finish(finish);
                continue;
            }
            Step::Fail(error) => return Err(error),
            Step::Wait(wait) => Some(Instant::now() + wait),
            Step::Hang => None,
        };
        let wait = async {
            match waits_until {
                Some(until) => sleep_until(until).await,
                None => std::future::pending().await,
            }
        };
        if timeout_at(deadline, wait).await.is_err() {
            let (waiting, limit) = if answer.has_text() {
                (Waiting::NextToken, spec.idle_timeout)
            } else {
                (Waiting::FirstToken, spec.first_token_timeout)
            };
            return Err(ModelError::TimedOut { waiting, limit });
        }
    }
    Ok(answer.into_completion())
}
