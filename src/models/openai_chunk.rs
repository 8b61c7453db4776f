//! The chunk of a stream that OpenAI began with and most others copied: `/v1/completions`, chat,
//! Mistral's and DeepSeek's fill-in-the-middle. They differ in where the text stands.

use serde_json::Value;

use crate::domain::Finish;

use super::ModelError;
use super::answer::{Answer, Step, json};
use super::usage::Counting;

/// Reads one chunk. Usage comes in a chunk of its own without choices, in the last chunk with
/// text, in every chunk, or never; the last word counts.
pub(super) fn decode(data: &str, answer: &mut Answer<'_>) -> Result<Step, ModelError> {
    if data == "[DONE]" {
        return Ok(Step::Done);
    }
    let chunk = json(data)?;
    if let Some(error) = answer.reported_error(&chunk) {
        return Err(error);
    }
    let choices = chunk.get("choices").and_then(Value::as_array);
    let usage = chunk.get("usage").filter(|usage| usage.is_object());
    if choices.is_none() && usage.is_none() {
        // Mistral's errors stand in no field of their own.
        if chunk.get("object").and_then(Value::as_str) == Some("error") {
            return Err(answer.in_stream(&chunk));
        }
        return Err(ModelError::Garbled {
            why: "an event is not a completion",
        });
    }
    if let Some(usage) = usage {
        answer.report(&Counting::OPEN_AI, usage);
    }
    if let Some(choice) = choices.and_then(|choices| choices.first()) {
        read_text(choice, answer);
        match choice.get("finish_reason").and_then(Value::as_str) {
            // Mistral tells a full context from a full answer.
            Some("length" | "model_length") => answer.finish(Finish::Length),
            Some(_) => answer.finish(Finish::Stop),
            None => {}
        }
    }
    Ok(Step::More)
}

/// Reads a choice's text: `text`, or the content of `delta`, or of `message` in one piece.
fn read_text(choice: &Value, answer: &mut Answer<'_>) {
    let text = choice.get("text");
    let said = || choice.get("delta").or_else(|| choice.get("message"));
    match text.or_else(|| said()?.get("content")) {
        Some(Value::String(text)) => answer.text(text),
        // Models that reason in the open send parts, of which only the text is meant.
        Some(Value::Array(parts)) => {
            for part in parts {
                answer.text(part.get("text").and_then(Value::as_str).unwrap_or_default());
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
