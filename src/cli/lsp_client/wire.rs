//! The few messages of the language server protocol that this client writes and reads.
//!
//! They are written down here from the client's side on purpose, and not shared with the server:
//! a mistake in the server's types would otherwise be believed by its own tests.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Deserializer, Serialize};

/// The command that records an acceptance.
pub const DID_ACCEPT: &str = "mantle.didAccept";
/// The request for inline completions.
pub const INLINE_COMPLETION: &str = "textDocument/inlineCompletion";

/// A place in a document: a line from 0 and a column in UTF-16 code units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// From 0.
    pub line: u32,
    /// In UTF-16 code units from the start of the line.
    pub character: u32,
}

/// A half-open stretch of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The first place inside.
    pub start: Position,
    /// The first place behind it.
    pub end: Position,
}

impl Range {
    /// Returns the empty range at `position`.
    #[must_use]
    pub fn at(position: Position) -> Self {
        Self {
            start: position,
            end: position,
        }
    }
}

/// What `initialize` is asked with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InitializeParams {
    /// Ours, so that a server can see us vanish.
    pub process_id: u32,
    /// Who is asking.
    pub client_info: ClientInfo,
    /// The folder once more, for servers that know no workspace folders.
    pub root_uri: String,
    /// The folders that are open.
    pub workspace_folders: Vec<WorkspaceFolder>,
    /// What this client can do beyond the basics.
    pub capabilities: Capabilities,
    /// Our own settings.
    pub initialization_options: InitializationOptions,
}

/// The name of a client, for the server's log.
#[derive(Debug, Serialize)]
pub struct ClientInfo {
    /// As people call it.
    pub name: &'static str,
    /// Of this build.
    pub version: &'static str,
}

/// An open folder.
#[derive(Debug, Serialize)]
pub struct WorkspaceFolder {
    /// Where it is.
    pub uri: String,
    /// Its last part, for people.
    pub name: String,
}

/// Nothing special: what the simplest editor says.
#[derive(Debug, Default, Serialize)]
pub struct Capabilities {}

/// Our own settings for the server.
#[derive(Debug, Default, Serialize)]
pub struct InitializationOptions {
    /// Each completion then carries an [`Explanation`].
    pub explain: bool,
    /// The session is a trial, not a person's work.
    #[serde(rename = "try")]
    pub trial: bool,
    /// The name of the client, which is also its `clientInfo`.
    pub client: &'static str,
}

impl InitializeParams {
    /// Returns the parameters of a client that opens one folder.
    #[must_use]
    pub fn for_folder(folder: &Path, initialization_options: InitializationOptions) -> Self {
        let uri = file_uri(folder);
        Self {
            process_id: std::process::id(),
            client_info: ClientInfo {
                name: initialization_options.client,
                version: env!("CARGO_PKG_VERSION"),
            },
            root_uri: uri.clone(),
            workspace_folders: vec![WorkspaceFolder {
                uri,
                name: folder
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default(),
            }],
            capabilities: Capabilities::default(),
            initialization_options,
        }
    }
}

/// How many files the first index holds; the answer to `mantle/indexed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Indexed {
    /// Read and learned from.
    pub files: u64,
}

/// The answer to an inline completion request.
#[derive(Debug, Default, Deserialize)]
pub struct InlineCompletionList {
    /// The best first; empty when there is nothing to suggest.
    pub items: Vec<InlineCompletionItem>,
}

/// One suggestion as it came over the wire.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct InlineCompletionItem {
    /// What stands in `range` afterwards; the text that is replaced begins it.
    pub insert_text: String,
    /// Where it goes; the cursor when absent.
    pub range: Option<Range>,
    /// What to run when it was taken.
    pub command: Option<Command>,
    /// Why it is here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<Explanation>,
}

impl InlineCompletionItem {
    /// Returns the id that an acceptance is reported with.
    #[must_use]
    pub fn completion_id(&self) -> Option<&str> {
        let command = self.command.as_ref()?;
        command.arguments.first().map(String::as_str)
    }
}

/// A command of the server, to be sent back as it is.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Command {
    /// For people; the protocol requires it.
    pub title: String,
    /// Its name at the server.
    pub command: String,
    /// Ours has one: the id of the completion.
    #[serde(default)]
    pub arguments: Vec<String>,
}

/// Why a suggestion is here: present when the client asked for explanations.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Explanation {
    /// The id of the completion.
    pub id: String,
    /// Who made it: a cache, the embedded model, a network model.
    pub source: String,
    /// The tier of the model, as the configuration names tiers.
    pub tier: Option<String>,
    /// The model's id.
    pub model: Option<String>,
    /// The chance that it is accepted, from 0 to 1.
    pub confidence: Option<f64>,
    /// In US dollars, as the server wrote it; digits are kept, not rounded through a float.
    #[serde(default, deserialize_with = "figure")]
    pub expected_cost: Option<String>,
    /// Why this answer was chosen.
    pub reason: Option<String>,
}

/// Takes a figure that may be written as text or as a number.
fn figure<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Figure {
        Text(String),
        Number(serde_json::Number),
    }
    let figure = Option::<Figure>::deserialize(deserializer)?;
    Ok(figure.map(|figure| match figure {
        Figure::Text(text) => text,
        Figure::Number(number) => number.to_string(),
    }))
}

/// Returns the `file:` URI of an absolute path, with every byte escaped that a URI cannot hold.
#[must_use]
pub fn file_uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.to_string_lossy().replace('\\', "/").bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte));
            }
            _ => fmt::Write::write_fmt(&mut uri, format_args!("%{byte:02X}"))
                .expect("writing to a string does not fail"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_with_spaces_and_accents_becomes_a_plain_uri() {
        assert_eq!(
            file_uri(Path::new("/home/zoé/my code/a+b.rs")),
            "file:///home/zo%C3%A9/my%20code/a%2Bb.rs"
        );
    }

    #[test]
    fn an_expected_cost_keeps_its_digits_whether_text_or_number() {
        let read = |cost: &str| {
            let json = format!(r#"{{"id": "1", "source": "embedded", "expected_cost": {cost}}}"#);
            let explanation: Explanation = serde_json::from_str(&json).expect("well-formed");
            explanation.expected_cost
        };
        assert_eq!(read(r#""0.000000120""#).as_deref(), Some("0.000000120"));
        assert_eq!(read("0.5").as_deref(), Some("0.5"));
        assert_eq!(read("null"), None);
    }
}
