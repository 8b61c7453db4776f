//! From the bytes of a response to the data of its events, however the bytes arrive.
//!
//! Three framings: server-sent events, one JSON object on each line, and one object as the whole
//! body. What an event says is the protocol's business ([`Decode`]).

use std::io::{Cursor, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use sse_stream::SseByteStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::codec::{FramedRead, LinesCodec, LinesCodecError};
use tokio_util::io::StreamReader;

use crate::domain::{Completion, ModelSpec};

use super::answer::{Answer, Decode, Step};
use super::{ModelError, Waiting};

/// The most bytes of an answer; a completion of a few lines has some thousand.
pub(super) const ANSWER_LIMIT: usize = 1024 * 1024;
/// How long the end of a finished answer may take before the connection is given up. It is there
/// at once as a rule, and a connection read to its end can be used again.
const DRAIN_TIME: Duration = Duration::from_millis(20);

/// How a body is cut into events.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Framing {
    /// Server-sent events.
    Events,
    /// One JSON object on each line.
    Lines,
    /// One object: what a server sends that does not stream.
    Whole,
}

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

/// Why the next event cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
enum Broken {
    #[error("the answer is too long")]
    TooLong,
    #[error("the connection broke")]
    Off,
    #[error("it is not UTF-8")]
    NotText,
}

impl Broken {
    const fn as_error(self, after_text: bool) -> ModelError {
        match self {
            Self::TooLong => ModelError::Garbled {
                why: "it is longer than 1 MiB",
            },
            Self::Off => ModelError::Interrupted { after_text },
            Self::NotText => ModelError::Garbled {
                why: "an event is not UTF-8",
            },
        }
    }
}

/// Reads a body until the answer is complete, the sink has enough, or time is up.
pub(super) async fn read<S, B, E>(
    framing: Framing,
    bytes: S,
    first_deadline: Instant,
    patience: Patience,
    decode: Decode,
    answer: Answer<'_>,
) -> Result<Completion, ModelError>
where
    S: Stream<Item = Result<B, E>> + Send,
    B: AsRef<[u8]>,
{
    let chunks = limited(bytes);
    let deadlines = (first_deadline, patience);
    if framing == Framing::Whole {
        return read_whole(chunks, deadlines, decode, answer).await;
    }
    // The event parser forgets a last event without a blank line after it; usage often stands
    // there. So a blank line is added at the end, and what it completes may be a torso.
    let at_end = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&at_end);
    let blank_line = stream::once(async move {
        end.store(true, Ordering::Relaxed);
        Ok(b"\n\n".to_vec())
    });
    let chunks = chunks.chain(blank_line).map(|chunk| chunk.map(Cursor::new));
    if framing == Framing::Lines {
        read_data(lines(chunks), &at_end, deadlines, decode, answer).await
    } else {
        read_data(events(chunks), &at_end, deadlines, decode, answer).await
    }
}

/// Returns the data of server-sent events.
fn events<S>(chunks: S) -> impl Stream<Item = Result<String, Broken>> + Send
where
    S: Stream<Item = Result<Cursor<Vec<u8>>, Broken>> + Send,
{
    SseByteStream::new(Box::pin(chunks)).map(|event| match event {
        Ok(event) => Ok(event.data.unwrap_or_default()),
        Err(sse_stream::Error::Body(broken)) => {
            Err(broken.downcast_ref().copied().unwrap_or(Broken::Off))
        }
        Err(_) => Err(Broken::NotText),
    })
}

/// Returns the lines of a body.
fn lines<S>(chunks: S) -> impl Stream<Item = Result<String, Broken>> + Send
where
    S: Stream<Item = Result<Cursor<Vec<u8>>, Broken>> + Send,
{
    let bytes = StreamReader::new(Box::pin(
        chunks.map(|chunk| chunk.map_err(std::io::Error::other)),
    ));
    FramedRead::new(bytes, LinesCodec::new_with_max_length(ANSWER_LIMIT)).map(|line| {
        line.map_err(|error| match error {
            LinesCodecError::MaxLineLengthExceeded => Broken::TooLong,
            LinesCodecError::Io(error) if error.kind() == ErrorKind::InvalidData => Broken::NotText,
            LinesCodecError::Io(error) => error
                .get_ref()
                .and_then(|cause| cause.downcast_ref())
                .copied()
                .unwrap_or(Broken::Off),
        })
    })
}

async fn read_data<S>(
    data: S,
    at_end: &AtomicBool,
    (first_deadline, patience): (Instant, Patience),
    decode: Decode,
    mut answer: Answer<'_>,
) -> Result<Completion, ModelError>
where
    S: Stream<Item = Result<String, Broken>> + Send,
{
    let mut data = Box::pin(data);
    let mut deadline = first_deadline;
    let mut has_event = false;
    loop {
        let next = timeout_at(deadline, data.next())
            .await
            .map_err(|_| late(&answer, patience))?;
        let event = match next {
            None => break,
            Some(event) => event.map_err(|broken| broken.as_error(answer.has_text()))?,
        };
        let event = event.trim();
        if event.is_empty() {
            continue;
        }
        let step = match decode(event, &mut answer) {
            Err(ModelError::Garbled { .. }) if has_event && at_end.load(Ordering::Relaxed) => break,
            step => step?,
        };
        has_event = true;
        if answer.is_enough() {
            // Dropping the stream closes the connection, which is what stops the model.
            return Ok(answer.into_completion());
        }
        if step == Step::Done {
            let _ = timeout(DRAIN_TIME, async { while data.next().await.is_some() {} }).await;
            return Ok(answer.into_completion());
        }
        if answer.take_moved() && answer.has_text() {
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

async fn read_whole<S>(
    chunks: S,
    (deadline, patience): (Instant, Patience),
    decode: Decode,
    mut answer: Answer<'_>,
) -> Result<Completion, ModelError>
where
    S: Stream<Item = Result<Vec<u8>, Broken>> + Send,
{
    let mut whole = Vec::new();
    let mut chunks = Box::pin(chunks);
    while let Some(chunk) = timeout_at(deadline, chunks.next())
        .await
        .map_err(|_| late(&answer, patience))?
    {
        whole.extend(chunk.map_err(|broken| broken.as_error(false))?);
    }
    let text = std::str::from_utf8(&whole).map_err(|_| Broken::NotText.as_error(false))?;
    decode(text.trim(), &mut answer)?;
    Ok(answer.into_completion())
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
