//! A changed configuration takes effect without a restart.
//!
//! Its files are looked at when somebody asks for a completion, at most once a second, and when the
//! editor says that its settings have changed: an editor that is left alone costs nothing. A file
//! that cannot be understood changes nothing, because somebody may be in the middle of writing it;
//! the rules and models from before hold, and the user hears why.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use tower_lsp_server::ls_types::MessageType;

use super::server::Session;
use crate::config::{Keys, Layers, Loaded, load};
use crate::domain::Timestamp;
use crate::engine::Engine;

/// How long the files are taken for what they were.
const REST: Duration = Duration::from_secs(1);

/// A file as it was: when it was written and its length, if it is there.
type Stamp = Option<(SystemTime, u64)>;

/// The layers of this session, and what they were read from last.
#[derive(Debug)]
pub struct Reload {
    layers: Layers,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    stamps: Vec<Stamp>,
    looked: Option<Timestamp>,
}

impl Reload {
    /// Reads all layers for the first time.
    pub fn begin(layers: Layers) -> (Arc<Self>, Loaded) {
        // Stamps before texts: what is written in between is read again.
        let stamps = stamps(&layers);
        let loaded = load(&layers);
        let seen = Mutex::new(Seen {
            stamps,
            looked: None,
        });
        (Arc::new(Self { layers, seen }), loaded)
    }

    /// Returns whether it is time to look at the files again, and takes it for done.
    fn is_due(&self, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = seen.looked.is_none_or(|looked| {
            // A clock that was set back must not put it off for ever.
            now.since(looked) >= REST || now < looked
        });
        if is_due {
            seen.looked = Some(now);
        }
        is_due
    }

    /// Reads all layers again if a file of theirs has changed.
    fn changed(&self) -> Option<Loaded> {
        let stamps = stamps(&self.layers);
        {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen.stamps == stamps {
                return None;
            }
            seen.stamps = stamps;
        }
        Some(load(&self.layers))
    }
}

fn stamps(layers: &Layers) -> Vec<Stamp> {
    let stamp = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    layers.files().map(|path| stamp(&path)).collect()
}

impl Session {
    /// Looks at the files of the configuration behind a request, when it is time.
    pub fn reload_when_due(&self) {
        if self.reload.is_due(self.clock.now()) {
            self.reload();
        }
    }

    /// Looks at the files of the configuration, and takes what they say by now.
    pub fn reload(&self) {
        let (reload, engine) = (Arc::clone(&self.reload), Arc::clone(&self.engine));
        let (client, keys) = (self.client.clone(), self.keys.clone());
        self.tasks.spawn(async move {
            let changed = tokio::task::spawn_blocking(move || reload.changed()).await;
            let Ok(Some(loaded)) = changed else { return };
            for complaint in &loaded.complaints {
                let text = format!("Mantle: {complaint}");
                client.show_message(MessageType::WARNING, text).await;
            }
            if !loaded.is_sound {
                let text =
                    "Mantle: the changed configuration is not used; the one from before holds";
                client.show_message(MessageType::WARNING, text).await;
                return;
            }
            let settings = loaded.settings;
            let count = settings.models.len();
            let rules = (settings.policy, settings.prices);
            if engine.configure(rules, settings.network, settings.models) {
                engine.preload_tokens();
                ask_keyring(&keys, &engine).await;
                let text = format!("Mantle has taken the changed configuration: {count} models");
                client.log_message(MessageType::INFO, text).await;
            }
        });
    }
}

impl Session {
    /// Asks the system's keyring for the keys that are there, if any are; until it has answered,
    /// their models have none.
    pub fn ask_keyring(&self) -> impl Future<Output = ()> + use<> {
        let (keys, engine) = (self.keys.clone(), Arc::clone(&self.engine));
        async move { ask_keyring(&keys, &engine).await }
    }
}

/// A keyring may ask its owner before it answers, so it has a thread of its own to wait on.
async fn ask_keyring(keys: &Keys, engine: &Engine) {
    let places = keys.to_ask(engine.key_places());
    if places.is_empty() {
        return;
    }
    let keys = keys.clone();
    if tokio::task::spawn_blocking(move || keys.ask_keyring(&places))
        .await
        .is_ok()
    {
        engine.look_for_keys();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_micros(millis * 1_000)
    }

    #[test]
    fn files_are_looked_at_once_a_second_and_read_when_they_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        let layers = Layers {
            user: Some(file.clone()),
            ..Layers::default()
        };
        let (reload, _) = Reload::begin(layers);
        assert!(reload.is_due(at(0)));
        assert!(!reload.is_due(at(999)));
        assert!(reload.is_due(at(1_000)));
        assert!(reload.is_due(at(10)), "the clock was set back");
        assert!(reload.changed().is_none());

        std::fs::write(&file, "[privacy]\nregions = [\"eu\"]\n").expect("a file");
        let loaded = reload.changed().expect("it is there now");
        assert!(loaded.is_sound);
        assert_eq!(loaded.settings.policy.regions.len(), 1);
        assert!(reload.changed().is_none());

        std::fs::write(&file, "[privacy\n").expect("a file");
        assert!(!reload.changed().expect("it has changed").is_sound);
    }
}
