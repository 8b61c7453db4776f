//! What a provider says instead of an answer: a status and, in a body, the name of an error.

use std::time::Duration;

use futures::StreamExt;
use reqwest::Response;
use serde_json::Value;
use tokio::time::timeout;

use super::ModelError;
use super::retry_after::retry_after;

const LIMIT: usize = 64 * 1024;
/// How long an error's own text may take; the status alone says enough.
const TIME: Duration = Duration::from_secs(1);

/// Reads a response that is no success. Its own words are kept only `with_message`: they may quote
/// what was sent.
pub(super) async fn refusal(response: Response, with_message: bool) -> ModelError {
    let status = response.status().as_u16();
    if status == 429 {
        return ModelError::RateLimited {
            retry_after: retry_after(response.headers()),
        };
    }
    let body = timeout(TIME, body(response, LIMIT))
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
pub(super) async fn body(response: Response, limit: usize) -> Vec<u8> {
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
pub(super) fn kind_of(body: &Value) -> Option<String> {
    [
        "/error/type",
        "/error/code",
        "/error/status",
        "/type",
        "/code",
    ]
    .iter()
    .find_map(|place| slug(body.pointer(place)?.as_str()?))
}

/// Returns a word that can be nothing but a name.
pub(super) fn slug(word: &str) -> Option<String> {
    let is_name = (1..=48).contains(&word.len())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    is_name.then(|| word.to_owned())
}

fn message_of(body: &Value) -> Option<String> {
    ["/error/message", "/message", "/detail", "/error"]
        .iter()
        .find_map(|place| body.pointer(place)?.as_str())
        .map(readable)
}

/// Returns a foreign text as one short line.
pub(super) fn readable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(200)
        .collect()
}
