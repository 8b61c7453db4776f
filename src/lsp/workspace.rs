//! What a client is asked and told about the workspace: to report changed files, and how far the
//! index is. All of it is spawned; nothing that the user does waits for it.

use std::sync::Arc;

use serde_json::json;
use tokio::sync::watch;
use tower_lsp_server::Client;
use tower_lsp_server::ls_types::{ClientCapabilities, ProgressToken, Registration};

use super::server::{Mantle, Session};
use crate::engine::{IndexReport, Indexing, Progress};

/// What the client can do with the workspace, as it says in `initialize`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Abilities {
    /// It shows progress that the server begins.
    progress: bool,
    /// It watches files for the server, once asked.
    watching: bool,
}

impl Abilities {
    pub fn of(client: &ClientCapabilities) -> Self {
        let window = client.window.as_ref();
        let workspace = client.workspace.as_ref();
        let watching = workspace.and_then(|workspace| workspace.did_change_watched_files.as_ref());
        Self {
            progress: window.and_then(|window| window.work_done_progress) == Some(true),
            watching: watching.and_then(|watching| watching.dynamic_registration) == Some(true),
        }
    }
}

impl Mantle {
    /// Sees to it that changes on disk are heard of, and shows what the index does.
    pub fn follow_workspace(&self, session: &Session) {
        let abilities = session.abilities;
        let (client, engine) = (self.client().clone(), Arc::clone(&session.engine));
        if abilities.watching {
            self.tasks().spawn(async move {
                let asked = client.register_capability(vec![registration()]).await;
                if let Err(error) = asked {
                    tracing::info!(%error, "the client does not watch files; we do");
                    engine.watch_the_disk();
                    // The watch begins with a look.
                    engine.look_at_everything();
                }
            });
        } else {
            engine.watch_the_disk();
        }
        if abilities.progress {
            let (client, indexing) = (self.client().clone(), session.engine.indexing());
            self.tasks().spawn(show_progress(client, indexing));
        }
    }
}

/// Every file, because a folder that is deleted or renamed is reported by its own name alone, and
/// the rules of what is ignored are known to the index only.
fn registration() -> Registration {
    Registration {
        id: "mantle/watched-files".to_owned(),
        method: "workspace/didChangeWatchedFiles".to_owned(),
        register_options: Some(json!({ "watchers": [{ "globPattern": "**/*" }] })),
    }
}

/// Shows every update that is worth it, from its beginning to its end, until the session ends.
async fn show_progress(client: Client, mut indexing: watch::Receiver<Indexing>) {
    for number in 1_u64.. {
        if indexing.wait_for(is_worth_showing).await.is_err() {
            return;
        }
        let token = ProgressToken::String(format!("mantle/index/{number}"));
        if let Err(error) = client.create_work_done_progress(token.clone()).await {
            tracing::debug!(%error, "the client shows no progress");
            return;
        }
        let shown = client
            .progress(token, "Mantle: learning the workspace")
            .with_percentage(0)
            .begin()
            .await;
        let mut last = 0;
        loop {
            let now = *indexing.borrow_and_update();
            match now {
                Indexing::NotStarted => {}
                Indexing::Running(progress) => {
                    let percent = percent(progress);
                    if percent > last {
                        shown.report(percent).await;
                        last = percent;
                    }
                }
                Indexing::Done(IndexReport { files, .. }) => {
                    shown
                        .finish_with_message(format!("{files} files learnt"))
                        .await;
                    break;
                }
            }
            if indexing.changed().await.is_err() {
                return;
            }
        }
    }
}

fn is_worth_showing(indexing: &Indexing) -> bool {
    matches!(indexing, Indexing::Running(progress) if !progress.is_small)
}

/// Below 100 until it is over: the last batch is still to be learnt when all is read.
fn percent(progress: Progress) -> u32 {
    let percent = progress
        .done
        .saturating_mul(100)
        .checked_div(progress.total);
    u32::try_from(percent.unwrap_or(0)).unwrap_or(99).min(99)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_what_it_says_and_no_more() {
        let said = |capabilities| {
            Abilities::of(&serde_json::from_value(capabilities).expect("capabilities"))
        };
        assert_eq!(said(json!({})), Abilities::default());
        let no = json!({
            "window": { "workDoneProgress": false },
            "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": false } },
        });
        assert_eq!(said(no), Abilities::default());
        let yes = json!({
            "window": { "workDoneProgress": true },
            "workspace": { "didChangeWatchedFiles": { "dynamicRegistration": true } },
        });
        let all = Abilities {
            progress: true,
            watching: true,
        };
        assert_eq!(said(yes), all);
    }

    #[test]
    fn the_percentage_is_of_what_is_known_and_ends_with_the_end() {
        let at = |done, total| {
            percent(Progress {
                done,
                total,
                is_small: false,
            })
        };
        assert_eq!((at(0, 0), at(1, 3), at(3, 3)), (0, 33, 99));
    }
}
