//! Streams cut at every byte: the answer never depends on how the bytes arrive.

use std::convert::Infallible;
use std::time::Duration;

use futures::stream;
use proptest::prelude::*;
use tokio::time::Instant;

use super::prompt;
use crate::domain::{Completion, Finish, Protocol, TokenCount, Usage};
use crate::models::answer::{Answer, Decode};
use crate::models::chat_prompt::ChatPrompt;
use crate::models::frames::{self, Framing, Patience};
use crate::models::{
    Collected, ModelError, anthropic, gemini, llama_cpp, ollama, openai_chunk, openai_responses,
};

pub(in crate::models) type Heard = (Result<Completion, ModelError>, Collected);

/// Reads server-sent events as they arrive one after the other.
pub(in crate::models) fn read(decode: Decode, pieces: Vec<&[u8]>) -> Heard {
    let mut heard = Collected::default();
    let answer = read_into(Answer::new(&mut heard), Framing::Events, decode, &pieces);
    (answer, heard)
}

/// Reads the pieces of a body of one protocol.
pub(super) fn read_framed(protocol: Protocol, framing: Framing, pieces: &[&[u8]]) -> Heard {
    let mut heard = Collected::default();
    let decode: Decode = match protocol {
        Protocol::LlamaCpp => llama_cpp::decode,
        Protocol::Ollama => ollama::decode,
        Protocol::OpenAiCompletions
        | Protocol::OpenAiChat
        | Protocol::MistralFim
        | Protocol::DeepSeekFim => openai_chunk::decode,
        Protocol::OpenAiResponses => openai_responses::decode,
        Protocol::Anthropic => anthropic::decode,
        Protocol::Gemini => gemini::decode,
        Protocol::Scripted => unreachable!("it has no wire"),
    };
    let answer = if protocol.is_chat() {
        let middle = ChatPrompt::of(&prompt()).middle(&prompt());
        Answer::of_chat(&mut heard, middle)
    } else {
        Answer::new(&mut heard)
    };
    let answer = read_into(answer, framing, decode, pieces);
    (answer, heard)
}

fn read_into(
    answer: Answer<'_>,
    framing: Framing,
    decode: Decode,
    pieces: &[&[u8]],
) -> Result<Completion, ModelError> {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime");
    }
    let patience = Patience {
        first_token: Duration::from_secs(5),
        idle: Duration::from_secs(5),
    };
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let bytes = stream::iter(pieces.iter().map(Ok::<_, Infallible>));
            let deadline = Instant::now() + patience.first_token;
            frames::read(framing, bytes, deadline, patience, decode, answer).await
        })
    })
}

/// Checks that a stream gives this answer, whole, byte by byte and cut in two at every byte.
#[track_caller]
pub(in crate::models) fn check_all_splits(
    decode: Decode,
    text: &str,
    expected: (&str, Usage, Finish),
) {
    let expected = Completion {
        text: expected.0.to_owned(),
        usage: expected.1,
        finish: expected.2,
    };
    let bytes = text.as_bytes();
    let (whole, heard) = read(decode, vec![bytes]);
    assert_eq!(whole, Ok(expected.clone()));
    assert_eq!(heard.joined(), expected.text);
    assert_eq!(heard.usage, expected.usage);
    let single = read(decode, bytes.chunks(1).collect());
    assert_eq!(single, (whole.clone(), heard.clone()));
    for at in 0..bytes.len() {
        let (head, tail) = bytes.split_at(at);
        let split = read(decode, vec![head, tail]);
        assert_eq!(split, (whole.clone(), heard.clone()), "cut at byte {at}");
    }
}

pub(in crate::models) fn counts(input: u64, cached: Option<u64>, output: u64) -> Usage {
    Usage {
        input_total: Some(TokenCount::new(input)),
        cache_read: cached.map(TokenCount::new),
        output_total: Some(TokenCount::new(output)),
        ..Usage::default()
    }
}

/// Checks that no bytes whatever make a decoder panic, and that what was heard is what is answered.
#[track_caller]
pub(in crate::models) fn check_any(
    decode: Decode,
    pieces: &[Vec<u8>],
) -> Result<(), TestCaseError> {
    let (answer, heard) = read(decode, pieces.iter().map(Vec::as_slice).collect());
    if let Ok(answer) = answer {
        prop_assert_eq!(answer.text, heard.joined());
        prop_assert_eq!(answer.usage, heard.usage);
    }
    Ok(())
}
