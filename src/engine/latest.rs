//! The newest request of a document wins; the older one hears of it at once.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::domain::DocumentUri;

/// The running request of each document.
#[derive(Debug, Default)]
pub struct Latest {
    running: Mutex<HashMap<DocumentUri, CancellationToken>>,
}

impl Latest {
    /// Starts a turn and supersedes the one before it in the same document.
    pub fn begin(&self, document: &DocumentUri) -> Turn {
        let token = CancellationToken::new();
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(older) = running.insert(document.clone(), token.clone()) {
            older.cancel();
        }
        Turn { token }
    }

    /// Supersedes whatever runs in a document that is closed, and forgets the document.
    pub fn end(&self, document: &DocumentUri) {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(token) = running.remove(document) {
            token.cancel();
        }
    }
}

/// One request's time as the newest of its document.
#[derive(Debug)]
pub struct Turn {
    token: CancellationToken,
}

impl Turn {
    /// Waits until a newer request comes.
    pub async fn superseded(&self) {
        self.token.cancelled().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_newer_request_supersedes_only_its_own_document() {
        let latest = Latest::default();
        let (a, b) = (DocumentUri::new("a"), DocumentUri::new("b"));
        let (first, other) = (latest.begin(&a), latest.begin(&b));
        let second = latest.begin(&a);
        first.superseded().await;
        assert!(!other.token.is_cancelled());
        assert!(!second.token.is_cancelled());
    }
}
