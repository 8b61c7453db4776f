//! An open document to type in, and what a burst of keys in it came to.

use std::time::{Duration, Instant};

use mantle_ls::cli::lsp_client::wire::Position;
use mantle_ls::cli::lsp_client::{LspError, Pending};

use crate::Bench;
use crate::corpus::Place;
use crate::fake_model::{Call, Delivery, OTHERWISE, Script};
use crate::server::{Document, PATIENCE, Server, Setting, answer};
use crate::support::{milliseconds, quantile};
use crate::table::Calls;

const LINES: usize = 5_000;
const PLACES: usize = 100;
/// Keys of a place that are typed at the most, with something left to suggest.
const LONGEST_BURST: usize = 21;
/// A key that begins nothing that the fake model says, and no name, which would be taken back from
/// the prompt.
pub const CONTRADICTION: &str = "%";

/// A server with one document, and its places that nobody has typed in.
pub struct Scene<'b> {
    pub bench: &'b Bench,
    pub server: Server,
    pub document: Document,
    text: std::sync::Arc<str>,
    places: std::vec::IntoIter<Place>,
}

/// What is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    /// What the model would say.
    Agreeing,
    /// Something else each time.
    Contradicting,
}

/// When older requests are cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cancel {
    /// With each key, as VS Code does: the change, then the cancellation, then the new request.
    WithEachKey,
    /// After the last request was written.
    AfterAll,
    /// Never, as Neovim does.
    Never,
}

/// Keys one after the other, with a request behind each.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    pub keys: Keys,
    pub count: usize,
    pub gap: Duration,
    pub cancel: Cancel,
}

/// What a burst came to.
pub struct Outcome {
    calls: Vec<Call>,
    last_answer: Duration,
    last_is_right: bool,
    /// Answers that were a text, but not the right one.
    wrong: usize,
    right: usize,
    requests: usize,
}

impl<'b> Scene<'b> {
    pub async fn open(bench: &'b Bench, setting: Setting) -> Result<Self, LspError> {
        let server = bench.start(setting, &[]).await?;
        let page = bench.corpus.dense_page(LINES, PLACES);
        let page = page.expect("the sources have far denser stretches");
        let document = server.open("typed.rs", &page.text).await?;
        let mut scene = Self {
            bench,
            server,
            document,
            text: page.whole,
            places: page.places.into_iter(),
        };
        // The first request opens connections and loads tables; no row is about that.
        scene.play(Duration::ZERO, Delivery::AtTheEnd);
        let (place, at) = scene.begin_line(1).await?;
        answer(scene.document.ask(at).await?).await?;
        scene.document.leave(&place).await?;
        Ok(scene)
    }

    /// Sets how the model answers from now on.
    pub fn play(&self, hold: Duration, delivery: Delivery) {
        self.bench.model.play(Script {
            hold,
            delivery,
            text: self.text.clone(),
        });
    }

    /// Begins a line where nothing was typed yet, with more than `keys` keys missing; returns where
    /// they go. The caller leaves it.
    pub async fn begin_line(&mut self, keys: usize) -> Result<(Place, Position), LspError> {
        let place = self.places.find(|place| place.rest.len() > keys);
        let place = place.expect("the document has more places than any row needs");
        let at = self.document.begin(&place).await?;
        Ok((place, at))
    }

    /// Types a burst in a new place and waits until every call has ended.
    pub async fn type_burst(&mut self, burst: Burst) -> Result<Outcome, LspError> {
        let (place, mut cursor) = self.begin_line(LONGEST_BURST).await?;
        let mark = self.bench.model.mark();
        let mut pending: Vec<Pending> = Vec::new();
        let began = Instant::now();
        let mut asked = began;
        let mut due = began;
        for n in 0..burst.count {
            tokio::time::sleep_until(due.into()).await;
            due += burst.gap;
            let key = match burst.keys {
                Keys::Agreeing => &place.rest[n..=n],
                Keys::Contradicting => CONTRADICTION,
            };
            cursor = self.document.type_at(cursor, key).await?;
            if burst.cancel == Cancel::WithEachKey
                && let Some(older) = pending.last()
            {
                self.server.cancel(older.id()).await?;
            }
            asked = Instant::now();
            pending.push(self.document.ask(cursor).await?);
        }
        let last = pending.pop().expect("a burst has keys");
        if burst.cancel == Cancel::AfterAll {
            for older in &pending {
                self.server.cancel(older.id()).await?;
            }
        }
        let expected = |n: usize| match burst.keys {
            Keys::Agreeing => &place.rest[n + 1..],
            Keys::Contradicting => OTHERWISE,
        };
        let suggested = answer(last).await?;
        let last_answer = asked.elapsed();
        let last_is_right = suggested.text.as_deref() == Some(expected(burst.count - 1));
        let mut right = usize::from(last_is_right);
        let mut wrong = usize::from(suggested.text.is_some() && !last_is_right);
        for (n, older) in pending.into_iter().enumerate() {
            // Cancelled requests are refused; whatever else comes must be right.
            let Ok(suggested) = answer(older).await else {
                continue;
            };
            match suggested.text {
                Some(text) if text == expected(n) => right += 1,
                Some(_) => wrong += 1,
                None => {}
            }
        }
        self.document.leave(&place).await?;
        let is_over = |calls: &[Call]| calls.iter().all(|call| call.held().is_some());
        let calls = self.bench.model.wait(mark, PATIENCE, is_over).await;
        Ok(Outcome {
            calls: calls.unwrap_or_else(|| self.bench.model.since(mark)),
            last_answer,
            last_is_right,
            wrong,
            right,
            requests: burst.count,
        })
    }
}

/// Puts the repetitions of a burst into one row; what differs between them is written as a range.
/// The error says what was wrong with the answers.
pub fn row(what: String, target: &str, outcomes: &[Outcome]) -> (Calls, Option<String>) {
    let counts = |count: &dyn Fn(&Outcome) -> usize| {
        let counts = || outcomes.iter().map(count);
        match (counts().min(), counts().max()) {
            (Some(least), Some(most)) if least != most => format!("{least}–{most}"),
            (least, _) => least.unwrap_or(0).to_string(),
        }
    };
    let median = |span: &dyn Fn(&Outcome) -> Duration| {
        let mut spans: Vec<Duration> = outcomes.iter().map(span).collect();
        spans.sort_unstable();
        milliseconds(quantile(&spans, 50))
    };
    let wrong: usize = outcomes.iter().map(|outcome| outcome.wrong).sum();
    let missing = outcomes.iter().filter(|o| !o.last_is_right).count();
    let failure = (wrong + missing > 0)
        .then(|| format!("{wrong} wrong answers, {missing} last requests not answered rightly"));
    let requests = outcomes.first().map_or(0, |outcome| outcome.requests);
    let row = Calls {
        what,
        started: counts(&|outcome| outcome.calls.len()),
        closed: counts(&|o| o.calls.iter().filter(|call| call.closed.is_some()).count()),
        ran_out: counts(&|o| {
            o.calls
                .iter()
                .filter(|call| call.answered.is_some())
                .count()
        }),
        paid: median(&|o| o.calls.iter().filter_map(Call::held).sum()),
        last_answer: median(&|outcome| outcome.last_answer),
        right: format!("{} of {requests}", counts(&|outcome| outcome.right)),
        target: target.to_owned(),
    };
    (row, failure)
}
