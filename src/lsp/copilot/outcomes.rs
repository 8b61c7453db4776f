//! What Copilot's clients say became of a suggestion, held against the document.
//!
//! Their words cannot be taken as they are. They report an acceptance before they change the text,
//! count its length in three ways, and report a rejection also when the user types on into the
//! suggestion. The document tells these apart. A suggestion that is not known is no error: the
//! clients show errors to people, and nobody can mend this one.

use std::time::Duration;

use tower_lsp_server::jsonrpc::Result;

use super::super::server::{Mantle, Session};
use super::wire::{AcceptedParams, OK, RejectedParams, ShownParams};
use crate::domain::CompletionId;
use crate::engine::{Held, OutcomeError};

/// How long the change may take that belongs to an acceptance: editors collect keys for some tenths
/// of a second before they send them.
const CHANGE_COMES_WITHIN: Duration = Duration::from_secs(2);

impl Mantle {
    pub async fn notify_shown(&self, params: ShownParams) -> Result<&'static str> {
        let session = self.session()?;
        if let Some(id) = known(&params.uuid) {
            log(session.engine.shown(id));
        }
        Ok(OK)
    }

    /// Answered when the outcome is recorded, which is when the text has changed.
    ///
    /// # Errors
    /// When the ledger cannot be written: an acceptance is not lost in silence.
    pub async fn notify_accepted(&self, params: AcceptedParams) -> Result<&'static str> {
        let session = self.session()?;
        let Some(id) = known(&params.uuid) else {
            return Ok(OK);
        };
        let told = session.accepted(id, params.accepted_length).await;
        if let Err(OutcomeError::NotRecorded(_)) = &told {
            return told
                .map(|()| OK)
                .map_err(super::super::server::not_recorded);
        }
        log(told);
        Ok(OK)
    }

    pub async fn notify_rejected(&self, params: RejectedParams) -> Result<&'static str> {
        let session = self.session()?;
        for id in params.uuids.iter().filter_map(|uuid| known(uuid)) {
            if session.text_is_as_handed_out(id) {
                log(session.engine.dismiss(id));
            } else {
                tracing::debug!(%id, "typed past, not rejected");
            }
        }
        Ok(OK)
    }
}

impl Session {
    async fn accepted(
        &self,
        id: CompletionId,
        said: Option<u32>,
    ) -> std::result::Result<(), OutcomeError> {
        let before = self.engine.held(id)?;
        let held = if before.is_whole() {
            before
        } else {
            self.grown(id, before).await?
        };
        if held.is_whole() {
            return self.engine.accept(id).await;
        }
        if held.units > before.units {
            return self.engine.accept_partly(id, held.units);
        }
        if said.is_none_or(|said| said >= held.whole) {
            // Nothing of it is in the text; the engine weighs that.
            return self.engine.accept(id).await;
        }
        tracing::info!(%id, "said to be accepted in part, but the text does not hold it");
        Ok(())
    }

    /// Waits until the document holds more of a suggestion than `before`, or for long enough.
    async fn grown(
        &self,
        id: CompletionId,
        before: Held,
    ) -> std::result::Result<Held, OutcomeError> {
        let mut changes = self.changes.subscribe();
        let growing = async {
            loop {
                let held = self.engine.held(id)?;
                if held.units > before.units || changes.changed().await.is_err() {
                    return Ok(held);
                }
            }
        };
        tokio::time::timeout(CHANGE_COMES_WITHIN, growing)
            .await
            .unwrap_or(Ok(before))
    }

    /// Returns whether nothing was typed since a suggestion was handed out.
    fn text_is_as_handed_out(&self, id: CompletionId) -> bool {
        let Some((document, version)) = self.copilot.handed_out(id) else {
            return false;
        };
        let snapshot = self.engine.documents().snapshot(&document);
        snapshot.is_some_and(|snapshot| snapshot.version == version)
    }
}

fn known(uuid: &str) -> Option<CompletionId> {
    let id = uuid.parse().ok();
    if id.is_none() {
        tracing::info!("an outcome of a suggestion that is not ours");
    }
    id
}

fn log(told: std::result::Result<(), OutcomeError>) {
    if let Err(error) = told {
        tracing::info!(%error, "an outcome was not taken");
    }
}
