//! Suggestions in the shapes of Copilot's clients.

use tower_lsp_server::jsonrpc::{Error, Result};
use tower_lsp_server::ls_types::{Position, Range};

use super::super::convert;
use super::super::protocol::{InlineCompletionList, InlineCompletionParams};
use super::super::server::{Mantle, Session};
use super::super::suggest::{Ask, Suggestion};
use super::wire::{
    Document, InlineEditParams, InlineEdits, LegacyCompletion, LegacyCompletions, LegacyParams,
    PanelSolution, PanelSolutionsDone, PanelTarget, Solution, SolutionsDone,
};
use crate::documents::PositionEncoding;
use crate::domain::Trigger;

/// A suggestion with the line that it goes into.
struct Placed {
    suggestion: Suggestion,
    line_before: String,
    line_after: String,
    version: i32,
}

impl Placed {
    fn id(&self) -> String {
        self.suggestion.served.candidate.id.to_string()
    }

    fn text(&self) -> &str {
        &self.suggestion.served.candidate.text
    }
}

impl Mantle {
    /// `getCompletions` and `getCompletionsCycling`: there is one suggestion, so the second has
    /// nothing that the first had not.
    pub async fn legacy_completions(&self, params: LegacyParams) -> Result<LegacyCompletions> {
        let placed = self.session()?.suggest_at_line(&params).await?;
        let completions = placed.map(|placed| {
            let at = placed.suggestion.at;
            LegacyCompletion {
                uuid: placed.id(),
                text: format!("{}{}", placed.line_before, placed.text()),
                display_text: placed.text().to_owned(),
                position: at,
                range: Range {
                    start: Position::new(at.line, 0),
                    end: at,
                },
                doc_version: placed.version,
            }
        });
        Ok(LegacyCompletions {
            completions: completions.into_iter().collect(),
        })
    }

    /// `getPanelCompletions`: the suggestion of this place, if there is one, is the only solution.
    pub async fn legacy_panel(&self, params: LegacyParams) -> Result<PanelTarget> {
        let placed = self.session()?.suggest_at_line(&params).await?;
        let panel_id = params.panel_id.unwrap_or_default();
        let solution = placed.map(|placed| Solution {
            panel_id: panel_id.clone(),
            solution_id: placed.id(),
            score: placed
                .suggestion
                .served
                .candidate
                .confidence
                .map_or(0.0, |sure| sure.get()),
            completion_text: placed.text().to_owned(),
            display_text: format!(
                "{}{}{}",
                placed.line_before,
                placed.text(),
                placed.line_after
            ),
            range: Range {
                start: placed.suggestion.at,
                end: placed.suggestion.at,
            },
        });
        let target = PanelTarget {
            solution_count_target: usize::from(solution.is_some()),
        };
        // Behind the answer where possible: some clients open the panel when they have it.
        let client = self.client().clone();
        self.tasks().spawn(async move {
            if let Some(solution) = solution {
                client.send_notification::<PanelSolution>(solution).await;
            }
            let done = SolutionsDone {
                panel_id,
                status: super::wire::OK.to_owned(),
            };
            client.send_notification::<PanelSolutionsDone>(done).await;
        });
        Ok(target)
    }

    /// `textDocument/copilotPanelCompletion`: asked for by hand, else as an inline completion.
    pub async fn panel(&self, params: InlineCompletionParams) -> Result<InlineCompletionList> {
        let session = self.session()?;
        let ask = Ask {
            trigger: Trigger::Invoked,
            ..session.ask(params, PositionEncoding::Utf16)
        };
        Ok(session.list(session.suggest(ask).await))
    }

    /// `textDocument/copilotInlineEdit`: no model of the next edit is here, so there is none.
    pub async fn inline_edit(&self, _: InlineEditParams) -> Result<InlineEdits> {
        Ok(InlineEdits { edits: [] })
    }
}

impl Session {
    async fn suggest_at_line(&self, params: &LegacyParams) -> Result<Option<Placed>> {
        let (document, position) = place(params)?;
        let uri = convert::document_uri(&document.uri);
        let Some(snapshot) = self.engine.documents().snapshot(&uri) else {
            return Ok(None);
        };
        let offset = snapshot.offset(convert::position(position), PositionEncoding::Utf16);
        let (line_before, line_after) =
            (snapshot.line_prefix(offset), snapshot.line_suffix(offset));
        let version = snapshot.version;
        drop(snapshot);
        let ask = Ask {
            uri: document.uri.clone(),
            version: document.version,
            position,
            encoding: PositionEncoding::Utf16,
            trigger: Trigger::Automatic,
        };
        let Some(suggestion) = self.suggest(ask).await else {
            return Ok(None);
        };
        self.copilot
            .hand_out(suggestion.served.candidate.id, uri, version);
        Ok(Some(Placed {
            suggestion,
            line_before,
            line_after,
            version,
        }))
    }
}

fn place(params: &LegacyParams) -> Result<(&Document, Position)> {
    let doc = params.doc.as_ref().map(|doc| (&doc.document, doc.position));
    let document = params.text_document.as_ref().zip(params.position);
    doc.or(document)
        .ok_or_else(|| Error::invalid_params("neither `doc` nor `textDocument` and `position`"))
}
