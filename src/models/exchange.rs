//! One request and its streamed answer: what all protocols over HTTP share.
//!
//! It knows server-sent events, time limits and refusals, and nothing of what an event says; that
//! is each protocol's [`Decode`]. Dropping its future at any point closes the connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use sse_stream::SseByteStream;
use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::{Completion, Finish, ModelSpec, Usage};

use super::retry_after::{exhausted, retry_after};
use super::{ModelError, Sink, Waiting};

/// The most bytes of an answer; a completion of a few lines has some thousand.
pub(super) const ANSWER_LIMIT: usize = 1024 * 1024;
const REFUSAL_LIMIT: usize = 64 * 1024;
/// How long an error's own text may take; the status alone says enough.
const REFUSAL_TIME: Duration = Duration::from_secs(1);
/// How long the end of a finished answer may take before the connection is given up. It is there
/// at once as a rule, and a connection read to its end can be used again.
const DRAIN_TIME: Duration = Duration::from_millis(20);
const PROBE_TIME: Duration = Duration::from_secs(3);

/// How long to wait.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) first_token: Duration,
    pub(super) idle: Duration,
}

impl Patience {
    pub(super) const fn of(spec: &ModelSpec) -> Self {
        Self {
            first_token: spec.first_token_timeout,
            idle: spec.idle_timeout,
        }
    }
}

/// Whether more is expected after an event.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    More,
    Done,
}

/// How a protocol reads the data of one event into the answer.
pub(super) type Decode = fn(&str, &mut Answer<'_>) -> Result<Step, ModelError>;

/// What has come of an answer so far.
pub(super) struct Answer<'a> {
    text: String,
    usage: Usage,
    finish: Option<Finish>,
    is_enough: bool,
    has_moved: bool,
    sink: &'a mut dyn Sink,
}

impl<'a> Answer<'a> {
    pub(super) fn new(sink: &'a mut dyn Sink) -> Self {
        Self {
            text: String::new(),
            usage: Usage::default(),
            finish: None,
            is_enough: false,
            has_moved: false,
            sink,
        }
    }

    /// Adds a piece of text. Nothing more is wanted once the sink has enough.
    pub(super) fn text(&mut self, chunk: &str) {
        if chunk.is_empty() || self.is_enough {
            return;
        }
        self.has_moved = true;
        if self.text.is_empty() {
            self.sink.first_token();
        }
        self.text.push_str(chunk);
        self.is_enough = self.sink.text(chunk).is_break();
    }

    /// Takes the provider's word on usage, in place of an earlier one; an empty word is none.
    pub(super) fn usage(&mut self, usage: Usage) {
        if usage != Usage::default() && usage != self.usage {
            self.has_moved = true;
            self.usage = usage;
            self.sink.usage(usage);
        }
    }

    pub(super) fn finish(&mut self, finish: Finish) {
        self.finish = Some(finish);
    }

    pub(super) fn is_enough(&self) -> bool {
        self.is_enough
    }

    pub(super) fn has_text(&self) -> bool {
        !self.text.is_empty()
    }

    pub(super) fn into_completion(self) -> Completion {
        Completion {
            text: self.text,
            usage: self.usage,
            finish: if self.is_enough {
                Finish::Early
            } else {
                // An answer that just ends may have been cut, like one at its token limit.
                self.finish.unwrap_or(Finish::Length)
            },
        }
    }

    fn in_stream(&self, kind: Option<String>) -> ModelError {
        ModelError::InStream {
            kind,
            after_text: self.has_text(),
        }
    }

    /// Returns the error that an event reports, if it reports one.
    pub(super) fn reported_error(&self, event: &Value) -> Option<ModelError> {
        event
            .get("error")
            .filter(|error| !error.is_null())
            .map(|_| self.in_stream(kind_of(event)))
    }
}

/// Sends a request and reads its answer.
pub(super) async fn complete(
    request: RequestBuilder,
    host: &str,
    patience: Patience,
    decode: Decode,
    sink: &mut dyn Sink,
) -> Result<Completion, ModelError> {
    let deadline = Instant::now() + patience.first_token;
    let response = timeout_at(deadline, request.send())
        .await
        .map_err(|_| ModelError::TimedOut {
            waiting: Waiting::FirstToken,
            limit: patience.first_token,
        })?
        .map_err(|error| not_sent(&error, host))?;
    if !response.status().is_success() {
        return Err(refusal(response, false).await);
    }
    if let Some(rest) = exhausted(response.headers()) {
        sink.exhausted(rest);
    }
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let is_whole = match content_type.split(';').next().unwrap_or_default().trim() {
        // A server that does not stream sends the same object in one piece.
        "application/json" => true,
        "text/html" => {
            return Err(ModelError::Garbled {
                why: "it is a web page",
            });
        }
        _ => false,
    };
    let bytes = response.bytes_stream();
    let answer = Answer::new(sink);
    if is_whole {
        read_whole(bytes, deadline, patience, decode, answer).await
    } else {
        read_events(bytes, deadline, patience, decode, answer).await
    }
}

/// Reads server-sent events until the answer is complete, the sink has enough, or time is up.
pub(super) async fn read_events<S, B, E>(
    bytes: S,
    first_deadline: Instant,
    patience: Patience,
    decode: Decode,
    mut answer: Answer<'_>,
) -> Result<Completion, ModelError>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
{
    // The event parser forgets a last event without a blank line after it; usage often stands
    // there. So a blank line is added at the end, and what it completes may be a torso.
    let at_end = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&at_end);
    let blank_line = stream::once(async move {
        end.store(true, Ordering::Relaxed);
        Ok(std::io::Cursor::new(b"\n\n".to_vec()))
    });
    let limited = limited(bytes).map(|chunk| chunk.map(std::io::Cursor::new));
    let mut events = Box::pin(SseByteStream::new(limited.chain(blank_line)));

    let mut deadline = first_deadline;
    let mut has_event = false;
    loop {
        let event = timeout_at(deadline, events.next())
            .await
            .map_err(|_| late(&answer, patience))?;
        let data = match event {
            None => break,
            Some(Ok(event)) => event.data.unwrap_or_default(),
            Some(Err(sse_stream::Error::Body(broken))) => {
                return Err(match broken.downcast_ref::<Broken>() {
                    Some(Broken::TooLong) => TOO_LONG,
                    Some(Broken::Off) | None => ModelError::Interrupted {
                        after_text: answer.has_text(),
                    },
                });
            }
            Some(Err(_)) => {
                return Err(ModelError::Garbled {
                    why: "an event is not UTF-8",
                });
            }
        };
        if data.trim().is_empty() {
            continue;
        }
        answer.has_moved = false;
        let step = match decode(data.trim(), &mut answer) {
            Err(ModelError::Garbled { .. }) if has_event && at_end.load(Ordering::Relaxed) => break,
            step => step?,
        };
        has_event = true;
        if answer.is_enough() {
            // Dropping the stream closes the connection, which is what stops the model.
            return Ok(answer.into_completion());
        }
        if step == Step::Done {
            let _ = timeout(DRAIN_TIME, async { while events.next().await.is_some() {} }).await;
            return Ok(answer.into_completion());
        }
        if answer.has_moved && answer.has_text() {
            deadline = Instant::now() + patience.idle;
        }
    }
    if !has_event {
        return Err(ModelError::Garbled {
            why: "it holds no event",
        });
    }
    Ok(answer.into_completion())
}

async fn read_whole<S, B, E>(
    bytes: S,
    deadline: Instant,
    patience: Patience,
    decode: Decode,
    mut answer: Answer<'_>,
) -> Result<Completion, ModelError>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
{
    let mut whole = Vec::new();
    let mut chunks = Box::pin(limited(bytes));
    while let Some(chunk) = timeout_at(deadline, chunks.next())
        .await
        .map_err(|_| late(&answer, patience))?
    {
        match chunk {
            Ok(chunk) => whole.extend_from_slice(&chunk),
            Err(Broken::TooLong) => return Err(TOO_LONG),
            Err(Broken::Off) => return Err(ModelError::Interrupted { after_text: false }),
        }
    }
    let text = std::str::from_utf8(&whole).map_err(|_| ModelError::Garbled {
        why: "it is not UTF-8",
    })?;
    decode(text.trim(), &mut answer)?;
    Ok(answer.into_completion())
}

const TOO_LONG: ModelError = ModelError::Garbled {
    why: "it is longer than 1 MiB",
};

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error("the answer is too long")]
    TooLong,
    #[error("the connection broke")]
    Off,
}

fn limited<S, B, E>(bytes: S) -> impl Stream<Item = Result<Vec<u8>, Broken>> + Send
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
{
    let mut left = ANSWER_LIMIT;
    bytes.map(move |chunk| {
        let chunk = chunk.map_err(|_| Broken::Off)?;
        let chunk = chunk.as_ref();
        left = left.checked_sub(chunk.len()).ok_or(Broken::TooLong)?;
        Ok(chunk.to_vec())
    })
}

fn late(answer: &Answer<'_>, patience: Patience) -> ModelError {
    let (waiting, limit) = if answer.has_text() {
        (Waiting::NextToken, patience.idle)
    } else {
        (Waiting::FirstToken, patience.first_token)
    };
    ModelError::TimedOut { waiting, limit }
}

/// Sends a request of a probe and returns its JSON answer.
pub(super) async fn probe(request: RequestBuilder, host: &str) -> Result<Value, ModelError> {
    let answer = timeout(PROBE_TIME, async {
        let response = request
            .send()
            .await
            .map_err(|error| not_sent(&error, host))?;
        if !response.status().is_success() {
            return Err(refusal(response, true).await);
        }
        let body = body(response, ANSWER_LIMIT).await;
        serde_json::from_slice(&body).map_err(|_| ModelError::Garbled {
            why: "it is not JSON",
        })
    });
    answer.await.map_err(|_| ModelError::TimedOut {
        waiting: Waiting::Probe,
        limit: PROBE_TIME,
    })?
}

fn not_sent(error: &reqwest::Error, host: &str) -> ModelError {
    if error.is_connect() {
        ModelError::Unreachable {
            host: host.to_owned(),
            why: root_cause(error),
        }
    } else {
        // The connection stood, so the request may have been read and even worked on.
        ModelError::Interrupted { after_text: false }
    }
}

/// Returns the innermost cause, such as `connection refused`; it comes from the network's own
/// layers and holds nothing of the request.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    readable(&cause.to_string())
}

async fn refusal(response: Response, with_message: bool) -> ModelError {
    let status = response.status().as_u16();
    if status == 429 {
        return ModelError::RateLimited {
            retry_after: retry_after(response.headers()),
        };
    }
    let body = timeout(REFUSAL_TIME, body(response, REFUSAL_LIMIT))
        .await
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let kind = kind_of(&body);
    if status == 503 && kind.as_deref() == Some("unavailable_error") {
        return ModelError::Loading;
    }
    ModelError::Status {
        status,
        kind,
        message: message_of(&body).filter(|_| with_message),
    }
}

/// Returns what can be read of a body, at most `limit` bytes of it.
async fn body(response: Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    let mut chunks = Box::pin(response.bytes_stream());
    while let Some(Ok(chunk)) = chunks.next().await {
        body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
        if body.len() == limit {
            break;
        }
    }
    body
}

/// Returns a provider's name for an error. A name has no room for the user's text.
fn kind_of(body: &Value) -> Option<String> {
    [
        "/error/type",
        "/error/code",
        "/error/status",
        "/type",
        "/code",
    ]
    .iter()
    .filter_map(|place| body.pointer(place)?.as_str())
    .find(|kind| {
        (1..=48).contains(&kind.len())
            && kind
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
    })
    .map(str::to_owned)
}

fn message_of(body: &Value) -> Option<String> {
    ["/error/message", "/message", "/detail", "/error"]
        .iter()
        .find_map(|place| body.pointer(place)?.as_str())
        .map(readable)
}

/// Returns a foreign text as one short line.
fn readable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
