//! The status as Copilot's clients show it: the same news in the three forms that they listen to.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Result;
use tower_lsp_server::ls_types::notification::Notification;

use super::super::server::Mantle;
use crate::engine::{Status, StatusState};

/// What changes for these clients; counts and costs do not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    busy: bool,
    kind: String,
    message: String,
}

impl Shown {
    fn of(status: &Status) -> Self {
        let (busy, kind) = match status.state {
            StatusState::Indexing => (true, "Normal"),
            StatusState::Ready => (false, "Normal"),
            StatusState::Warning => (false, "Warning"),
        };
        Self {
            busy,
            kind: kind.to_owned(),
            message: status.message.clone(),
        }
    }

    fn oldest_form(&self) -> Value {
        let word = if self.busy { "InProgress" } else { &self.kind };
        json!({"busy": self.busy, "kind": word, "status": word, "message": self.message})
    }

    fn newest_form(&self, user: &str) -> Value {
        json!({"statuses": [
            {"category": "auth", "kind": "Normal", "result": {"status": "OK", "user": user}},
            {"category": "completion", "busy": self.busy},
            {"category": "cls", "kind": self.kind, "message": self.message, "inactive": false},
        ]})
    }
}

#[derive(Debug)]
enum DidChangeStatus {}

impl Notification for DidChangeStatus {
    type Params = Shown;
    const METHOD: &'static str = "didChangeStatus";
}

#[derive(Debug)]
enum OldestStatus {}

impl Notification for OldestStatus {
    type Params = Value;
    const METHOD: &'static str = "statusNotification";
}

#[derive(Debug)]
enum NewestStatus {}

impl Notification for NewestStatus {
    type Params = Value;
    const METHOD: &'static str = "didChangeStatus/v2";
}

impl Mantle {
    /// Sends the status to this client from now on; more than once is once.
    pub fn follow_as_copilot(&self) -> Result<()> {
        let session = self.session()?;
        if !session.copilot.follow() {
            return Ok(());
        }
        let (client, user) = (self.client().clone(), self.user_name());
        let mut status = session.engine.status();
        self.tasks().spawn(async move {
            let mut told = None;
            loop {
                let shown = Shown::of(&status.borrow_and_update());
                if told.as_ref() != Some(&shown) {
                    let (oldest, newest) = (shown.oldest_form(), shown.newest_form(&user));
                    client.send_notification::<OldestStatus>(oldest).await;
                    client
                        .send_notification::<DidChangeStatus>(shown.clone())
                        .await;
                    client.send_notification::<NewestStatus>(newest).await;
                    told = Some(shown);
                }
                if status.changed().await.is_err() {
                    return;
                }
            }
        });
        Ok(())
    }
}
