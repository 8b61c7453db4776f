//! A language server as a row needs it: its own folders, its configuration, its meter.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mantle_ls::cli::lsp_client::wire::{Indexed, Position, Range, file_uri};
use mantle_ls::cli::lsp_client::{Launch, LspClient, LspError, Pending, frame};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::corpus::Place;
use crate::null_server;

/// Long enough for a debug build on a busy machine; what is measured never waits for it.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Which server, and what it is told about the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// The floor: no server at all, see [`null_server`].
    Null,
    /// Every request goes to the fake model, which is free.
    Pinned,
    /// The embedded model answers where it is sure, the fake model elsewhere.
    Embedded,
    /// Every request goes to the fake model, which has a price.
    Paid,
}

impl Setting {
    fn config(self, port: u16) -> String {
        let (routing, price) = match self {
            Self::Null => return String::new(),
            Self::Pinned => ("[routing]\npin = \"fake\"\n", "0"),
            Self::Embedded => ("", "0"),
            Self::Paid => ("[inhouse]\nenabled = false\n", "0.30"),
        };
        format!(
            "{routing}[[models]]\nid = \"fake\"\ntier = \"open-source\"\n\
             protocol = \"openai-completions\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
             price = {{ input = \"{price}\", output = \"{price}\" }}\n"
        )
    }
}

/// A running server with folders of its own.
pub struct Server {
    pub client: Arc<LspClient>,
    folder: TempDir,
    meter: HashMap<PathBuf, u64>,
}

impl Server {
    /// Starts a server and waits until it is ready; `binary` is the real one.
    pub async fn start(
        binary: &Path,
        setting: Setting,
        port: u16,
        files: &[(&str, &str)],
        encoding: Option<&str>,
    ) -> Result<Self, LspError> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let inner = |name: &str| folder.path().join(name);
        for name in ["root", "state", "cache", "config/mantle"] {
            fs::create_dir_all(inner(name)).expect("a folder");
        }
        for (name, text) in files {
            fs::write(inner("root").join(name), text).expect("a file");
        }
        fs::write(inner("config/mantle/config.toml"), setting.config(port)).expect("a file");
        let launch = match setting {
            Setting::Null => {
                let this = std::env::current_exe().expect("this program has a path");
                Launch::new(this).env(null_server::PORT, port.to_string())
            }
            Setting::Pinned | Setting::Embedded | Setting::Paid => Launch::new(binary).arg("lsp"),
        };
        let client = launch
            .folder(&inner("root"))
            .env("XDG_STATE_HOME", inner("state"))
            .env("XDG_CACHE_HOME", inner("cache"))
            .env("XDG_CONFIG_HOME", inner("config"))
            .spawn()?;
        let options = json!({
            // Who answered is only asked for where it is not always the same.
            "explain": setting == Setting::Embedded,
            "client": "mantle bench",
            "positionEncoding": encoding,
        });
        let params = json!({
            "processId": std::process::id(),
            "rootUri": file_uri(&inner("root")),
            "workspaceFolders": [{"uri": file_uri(&inner("root")), "name": "root"}],
            "capabilities": {},
            "initializationOptions": options,
        });
        let _: IgnoredAny = client.request("initialize", params, PATIENCE).await?;
        client.notify("initialized", json!({})).await?;
        if setting != Setting::Null {
            let _: Indexed = client
                .request("mantle/indexed", json!({}), PATIENCE)
                .await?;
        }
        Ok(Self {
            client: Arc::new(client),
            folder,
            meter: HashMap::new(),
        })
    }

    /// Ends the server as an editor does, or by a signal while a document is still held.
    pub async fn stop(self) -> Result<(), LspError> {
        if let Some(client) = Arc::into_inner(self.client) {
            client.shut_down(PATIENCE).await?;
        }
        Ok(())
    }

    /// Opens a Rust file under the workspace's root; it need not be on disk.
    pub async fn open(&self, name: &str, text: &str) -> Result<Document, LspError> {
        let (document, frame) = self.opening(name, text);
        self.client.send_bytes(frame).await?;
        Ok(document)
    }

    /// Returns a document and the frame that opens it, for the caller to send.
    pub fn opening(&self, name: &str, text: &str) -> (Document, Vec<u8>) {
        let uri = file_uri(&self.folder.path().join("root").join(name));
        let item = json!({"uri": uri, "languageId": "rust", "version": 1, "text": text});
        let params = json!({"textDocument": item});
        let opened = json!({"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": params});
        let document = Document {
            client: Arc::clone(&self.client),
            uri,
            version: 1,
        };
        (document, frame(&opened))
    }

    /// Tells an older request that nobody waits for it any more.
    pub async fn cancel(&self, id: i64) -> Result<(), LspError> {
        self.client
            .notify("$/cancelRequest", json!({"id": id}))
            .await
    }

    /// Returns the processor time that the server has taken so far; zero without `/proc`.
    ///
    /// It is summed over the threads, in nanoseconds: the process' own figure has ticks of 10 ms. A
    /// thread that has ended counts with its last reading, so read it now and then.
    pub fn processor_time(&mut self) -> Duration {
        let Some(id) = self.client.process_id() else {
            return Duration::ZERO;
        };
        let threads = fs::read_dir(format!("/proc/{id}/task"));
        for thread in threads.into_iter().flatten().flatten() {
            let schedstat = fs::read_to_string(thread.path().join("schedstat"));
            let on_processor = schedstat
                .ok()
                .and_then(|figures| figures.split(' ').next()?.parse().ok());
            if let Some(nanoseconds) = on_processor {
                self.meter.insert(thread.path(), nanoseconds);
            }
        }
        Duration::from_nanos(self.meter.values().sum())
    }
}

/// An open file: where it is, and how often it was changed. Its text is known to the rows.
pub struct Document {
    client: Arc<LspClient>,
    uri: String,
    version: i32,
}

/// What an answer said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suggested {
    /// The text at the cursor, if anything was suggested.
    pub text: Option<String>,
    /// Who made it, where the server was asked to explain itself.
    pub source: Option<String>,
}

impl Document {
    /// Goes to a place and types what the line starts with; returns the place behind it.
    pub async fn begin(&mut self, place: &Place) -> Result<Position, LspError> {
        let start = Position {
            line: place.line,
            character: 0,
        };
        self.type_at(start, &place.start).await
    }

    /// Makes the line what it is in the whole text, whatever was typed, and so leaves it.
    pub async fn leave(&mut self, place: &Place) -> Result<(), LspError> {
        let at = |character| Position {
            line: place.line,
            character,
        };
        // Past the end of any line means its end.
        let range = Range {
            start: at(0),
            end: at(10_000),
        };
        let whole = [place.start.as_str(), &place.rest].concat();
        self.change(range, &whole).await
    }

    /// Types at a place; returns the place behind it, which is right for ASCII only.
    pub async fn type_at(&mut self, at: Position, text: &str) -> Result<Position, LspError> {
        self.change(Range::at(at), text).await?;
        Ok(Position {
            character: at.character + u32::try_from(text.len()).unwrap_or(u32::MAX),
            ..at
        })
    }

    async fn change(&mut self, range: Range, text: &str) -> Result<(), LspError> {
        self.version += 1;
        let params = json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": range, "text": text}],
        });
        self.client.notify("textDocument/didChange", params).await
    }

    /// Asks for completions, as an editor does by itself while somebody types.
    pub async fn ask(&self, at: Position) -> Result<Pending, LspError> {
        let params = json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "position": at,
            "context": {"triggerKind": 2},
        });
        self.client
            .begin("textDocument/inlineCompletion", params)
            .await
    }

    /// Closes the file.
    pub async fn close(self) -> Result<(), LspError> {
        let params = json!({"textDocument": {"uri": self.uri}});
        self.client.notify("textDocument/didClose", params).await
    }
}

/// Waits for the answer to a request.
pub async fn answer(pending: Pending) -> Result<Suggested, LspError> {
    let list: Value = pending.answer(PATIENCE).await?;
    let item = &list["items"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Suggested {
        text: text(&item["insertText"]),
        source: text(&item["data"]["source"]),
    })
}
