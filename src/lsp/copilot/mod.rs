//! What clients of Copilot's language server speak beside the standard, so that they can be
//! pointed at this one: copilot.lua, copilot.vim, copilot.el, sidekick.nvim, copilot-lsp.
//!
//! The methods and shapes are those that these clients send and read, not all that the original
//! has: there is no account behind ([`account`]) and no model of the next edit. Suggestions come
//! over the same path as for everybody ([`completions`]); what clients claim about them is held
//! against the document ([`outcomes`]). Positions are UTF-16 here whatever was agreed on, because
//! these clients count so. Nothing of this is sent to a client that is not one of them ([`status`]).

mod account;
mod completions;
mod outcomes;
mod status;
mod wire;

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::Value;
use tower_lsp_server::LspServiceBuilder;

use super::server::Mantle;
use crate::domain::{CompletionId, DocumentUri};
pub use wire::is_of_copilot;

/// How many suggestions are remembered with the text that they were made for.
const REMEMBERED: usize = 64;

/// Adds the methods of these clients.
pub fn register(builder: LspServiceBuilder<Mantle>) -> LspServiceBuilder<Mantle> {
    builder
        .custom_method("checkStatus", Mantle::check_status)
        .custom_method("getVersion", Mantle::version)
        .custom_method("setEditorInfo", Mantle::set_editor_info)
        .custom_method("signIn", Mantle::sign_in)
        .custom_method("signInInitiate", Mantle::sign_in)
        .custom_method("signInConfirm", Mantle::sign_in_confirm)
        .custom_method("signOut", Mantle::sign_out)
        .custom_method("getCompletions", Mantle::legacy_completions)
        .custom_method("getCompletionsCycling", Mantle::legacy_completions)
        .custom_method("getPanelCompletions", Mantle::legacy_panel)
        .custom_method("notifyShown", Mantle::notify_shown)
        .custom_method("notifyAccepted", Mantle::notify_accepted)
        .custom_method("notifyRejected", Mantle::notify_rejected)
        .custom_method("textDocument/copilotPanelCompletion", Mantle::panel)
        .custom_method("textDocument/copilotInlineEdit", Mantle::inline_edit)
        .custom_method("textDocument/didShowInlineEdit", Mantle::unheard)
        .custom_method("textDocument/didFocus", Mantle::unheard)
}

/// Returns whether requests of this method come without `params` from some clients.
pub fn comes_without_params(method: &str) -> bool {
    matches!(
        method,
        "checkStatus"
            | "getVersion"
            | "setEditorInfo"
            | "signIn"
            | "signInInitiate"
            | "signInConfirm"
            | "signOut"
    )
}

/// What a session knows of such a client.
#[derive(Debug, Default)]
pub struct Copilot {
    is_followed: AtomicBool,
    disabled: Mutex<HashSet<String>>,
    handed_out: Mutex<VecDeque<HandedOut>>,
}

/// A suggestion and the version of the text that it was last handed out for.
#[derive(Debug)]
struct HandedOut {
    id: CompletionId,
    document: DocumentUri,
    version: i32,
}

impl Copilot {
    /// Takes the settings of `workspace/didChangeConfiguration`.
    ///
    /// `disabledLanguages` is obeyed. `enableAutoCompletions` is not: copilot.lua says false when
    /// its own ghost text is off, and then another plugin of the same editor asks through it.
    pub fn configure(&self, settings: &Value) {
        let Some(languages) = settings.get("disabledLanguages").and_then(Value::as_array) else {
            return;
        };
        let language = |entry: &Value| {
            let id = entry.get("languageId").unwrap_or(entry).as_str()?;
            Some(id.to_owned())
        };
        *lock(&self.disabled) = languages.iter().filter_map(language).collect();
    }

    /// Returns whether the client wants nothing for this language.
    pub fn has_disabled(&self, language: &str) -> bool {
        lock(&self.disabled).contains(language)
    }

    /// Returns true once: whoever gets it sends the status from then on.
    fn follow(&self) -> bool {
        !self.is_followed.swap(true, Ordering::Relaxed)
    }

    fn hand_out(&self, id: CompletionId, document: DocumentUri, version: i32) {
        let mut handed_out = lock(&self.handed_out);
        handed_out.retain(|known| known.id != id);
        handed_out.push_back(HandedOut {
            id,
            document,
            version,
        });
        while handed_out.len() > REMEMBERED {
            handed_out.pop_front();
        }
    }

    /// Returns the document of a suggestion and the version that it was last handed out for.
    fn handed_out(&self, id: CompletionId) -> Option<(DocumentUri, i32)> {
        let handed_out = lock(&self.handed_out);
        let found = handed_out.iter().find(|known| known.id == id)?;
        Some((found.document.clone(), found.version))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn languages_are_disabled_as_objects_or_names_and_enabled_by_the_next_list() {
        let copilot = Copilot::default();
        copilot.configure(&json!({"disabledLanguages": [{"languageId": "yaml"}, "help", 7]}));
        assert!(copilot.has_disabled("yaml") && copilot.has_disabled("help"));
        copilot.configure(&json!({"telemetry": {"telemetryLevel": "all"}}));
        assert!(
            copilot.has_disabled("yaml"),
            "nothing was said of languages"
        );
        copilot.configure(&json!({"disabledLanguages": []}));
        assert!(!copilot.has_disabled("yaml"));
    }

    #[test]
    fn the_oldest_suggestion_is_forgotten_first() {
        let copilot = Copilot::default();
        let id = |n: i64| CompletionId::new(crate::domain::Timestamp::from_unix_micros(n));
        let document = DocumentUri::new("file:///a.rs");
        let ids: Vec<_> = (0..=REMEMBERED as i64).map(id).collect();
        for id in &ids {
            copilot.hand_out(*id, document.clone(), 1);
        }
        copilot.hand_out(ids[1], document.clone(), 2);
        assert_eq!(copilot.handed_out(ids[0]), None);
        assert_eq!(copilot.handed_out(ids[1]), Some((document, 2)));
    }
}
