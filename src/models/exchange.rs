//! One request and its streamed answer: what all protocols over HTTP share.
//!
//! It sends, and hands what comes back to `frames` or `refusal`. Dropping its future at any point
//! closes the connection.

use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::{RequestBuilder, Response};
use serde_json::Value;
use tokio::time::{Instant, timeout, timeout_at};

use crate::domain::Completion;

use super::answer::{Answer, Decode};
use super::frames::{self, ANSWER_LIMIT, Framing, Patience};
use super::ready::Unsent;
use super::refusal::{body, readable, refusal};
use super::retry_after::exhausted;
use super::{ModelError, Waiting};

const PROBE_TIME: Duration = Duration::from_secs(3);

/// Sends a request and reads its answer.
pub(super) async fn complete(
    send: impl Future<Output = Result<Response, Unsent>>,
    host: &str,
    patience: Patience,
    decode: Decode,
    mut answer: Answer<'_>,
) -> Result<Completion, ModelError> {
    let deadline = Instant::now() + patience.first_token;
    let response = timeout_at(deadline, send)
        .await
        .map_err(|_| ModelError::TimedOut {
            waiting: Waiting::FirstToken,
            limit: patience.first_token,
        })?
        .map_err(|error| match error {
            Unsent::Client(error) => not_sent(&error, host),
            Unsent::Broken => ModelError::Interrupted { after_text: false },
        })?;
    if !response.status().is_success() {
        return Err(refusal(response, false).await);
    }
    if let Some(rest) = exhausted(response.headers()) {
        answer.exhausted(rest);
    }
    let framing = framing(&response)?;
    let bytes = response.bytes_stream();
    frames::read(framing, bytes, deadline, patience, decode, answer).await
}

/// Returns the framing that the response says it has; one that says nothing streams events.
fn framing(response: &Response) -> Result<Framing, ModelError> {
    let content_type = response
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    match content_type.split(';').next().unwrap_or_default().trim() {
        "application/json" => Ok(Framing::Whole),
        "application/x-ndjson" | "application/jsonl" => Ok(Framing::Lines),
        "text/html" => Err(ModelError::Garbled {
            why: "it is a web page",
        }),
        _ => Ok(Framing::Events),
    }
}

/// Sends a request of a probe and returns its JSON answer.
pub(super) async fn probe(request: RequestBuilder, host: &str) -> Result<Value, ModelError> {
    let body = probe_bytes(request, host).await?;
    serde_json::from_slice(&body).map_err(|_| ModelError::Garbled {
        why: "it is not JSON",
    })
}

/// Sends a request of a probe and returns its answer as it is.
pub(super) async fn probe_bytes(
    request: RequestBuilder,
    host: &str,
) -> Result<Vec<u8>, ModelError> {
    let answer = timeout(PROBE_TIME, async {
        let response = request
            .send()
            .await
            .map_err(|error| not_sent(&error, host))?;
        if !response.status().is_success() {
            return Err(refusal(response, true).await);
        }
        Ok(body(response, ANSWER_LIMIT).await)
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
