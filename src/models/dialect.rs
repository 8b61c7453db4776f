//! Two ways of asking, where servers of one protocol differ: the first is tried, and the second
//! when the first is refused. A refusal costs nothing, and is met once. All chats are asked here.

use std::sync::atomic::{AtomicU8, Ordering};

use serde::Serialize;

use crate::domain::{Completion, Prompt};

use super::answer::{Answer, Decode};
use super::chat_prompt::ChatPrompt;
use super::server::Server;
use super::{ModelError, Sink};

/// One of the two ways of a protocol; each protocol says what they are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Dialect {
    First,
    Second,
}

/// Which way a server takes, as it last showed.
#[derive(Debug, Default)]
pub(super) struct Dialects(AtomicU8);

const FIRST: u8 = 1;
const SECOND: u8 = 2;

impl Dialects {
    /// Returns the way that the server takes; `None` before its first answer.
    pub(super) fn known(&self) -> Option<Dialect> {
        match self.0.load(Ordering::Relaxed) {
            FIRST => Some(Dialect::First),
            SECOND => Some(Dialect::Second),
            _unknown => None,
        }
    }

    /// Returns the way in which to ask first.
    pub(super) fn first_to_try(&self) -> Dialect {
        self.known().unwrap_or(Dialect::First)
    }

    /// Asks a chat for what belongs at the cursor, in the way that the server takes; `body` makes
    /// the request of one way.
    pub(super) async fn ask<B: Serialize + Send + Sync>(
        &self,
        (server, path): (&Server, &str),
        (chat, prompt): (&ChatPrompt, &Prompt),
        body: impl Fn(Dialect) -> B + Send + Sync,
        decode: Decode,
        sink: &mut dyn Sink,
    ) -> Result<Completion, ModelError> {
        let mut dialect = self.first_to_try();
        loop {
            let answer = Answer::of_chat(&mut *sink, chat.middle(prompt));
            let result = server.ask(path, &body(dialect), decode, answer).await;
            match self.next(dialect, &result) {
                Some(next) => dialect = next,
                None => return result,
            }
        }
    }

    /// Learns from what came of asking in one way. Returns the way in which to ask again; `None`
    /// when the answer stands.
    pub(super) fn next(
        &self,
        asked: Dialect,
        result: &Result<Completion, ModelError>,
    ) -> Option<Dialect> {
        let is_refused = matches!(
            result,
            Err(ModelError::Status {
                status: 400 | 422,
                ..
            })
        );
        if result.is_ok() {
            self.learn(asked);
        }
        let is_news = self.known().is_none() && asked == Dialect::First;
        (is_refused && is_news).then_some(Dialect::Second)
    }

    pub(super) fn learn(&self, dialect: Dialect) {
        let known = match dialect {
            Dialect::First => FIRST,
            Dialect::Second => SECOND,
        };
        self.0.store(known, Ordering::Relaxed);
    }

    /// Forgets it: the next server at the address may be another one.
    pub(super) fn forget(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}
