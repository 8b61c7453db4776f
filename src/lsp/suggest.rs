//! The one way from a place in a document to a suggestion, whichever method asked for it.

use std::panic::AssertUnwindSafe;

use futures::FutureExt;
use tower_lsp_server::ls_types::{Position, Uri};

use super::convert;
use super::server::Session;
use crate::documents::PositionEncoding;
use crate::domain::{CompletionId, CompletionRequest, Trigger};
use crate::engine::{Answer, Served};

/// What a client asks a suggestion for.
#[derive(Debug)]
pub struct Ask {
    pub uri: Uri,
    /// The version of the text that the position is in, where the client says it.
    pub version: Option<i64>,
    pub position: Position,
    pub encoding: PositionEncoding,
    pub trigger: Trigger,
}

/// A suggestion and where it goes.
#[derive(Debug)]
pub struct Suggestion {
    pub served: Served,
    /// In the encoding of the question; inside the text, also when the client pointed past an end.
    pub at: Position,
}

impl Session {
    /// Returns the suggestion for a place, or nothing; what hinders it is only logged, because an
    /// error would be shown to somebody who is typing.
    ///
    /// Everything that binds the question to the text as it is now happens before the first await.
    pub async fn suggest(&self, ask: Ask) -> Option<Suggestion> {
        self.reload_when_due();
        let document = convert::document_uri(&ask.uri);
        let snapshot = self.engine.documents().snapshot(&document)?;
        // A newer version than ours is a change that has not come yet, or a number that counts
        // other things too; an older one is a place in a text that is gone.
        if ask
            .version
            .is_some_and(|version| version < i64::from(snapshot.version))
        {
            tracing::debug!("the question is about an older text");
            return None;
        }
        if self.copilot.has_disabled(&snapshot.language_id) {
            return None;
        }
        let received = self.clock.now();
        let offset = snapshot.offset(convert::position(ask.position), ask.encoding);
        let at = convert::client_position(snapshot.position(offset, ask.encoding));
        let request = CompletionRequest {
            id: CompletionId::new(received),
            document,
            offset,
            trigger: ask.trigger,
            received,
        };
        drop(snapshot);
        let answer = AssertUnwindSafe(self.engine.complete(request))
            .catch_unwind()
            .await;
        match answer {
            Ok(Answer::Suggestion(served)) => Some(Suggestion {
                served: *served,
                at,
            }),
            Ok(Answer::Nothing(why)) => {
                tracing::debug!(why = why.as_str(), "no suggestion");
                None
            }
            Err(_panic) => {
                tracing::error!("a completion panicked; the session goes on");
                None
            }
        }
    }
}
