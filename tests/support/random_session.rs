//! What a client may write in a session, made from any bytes: documents, edits past the end,
//! questions, cancellations, ids used again, and frames that are broken.
//!
//! The same bytes make the same session, so that a property test can shrink one, a soak can name
//! one by its seed and a coverage-guided fuzzer can look for one.

use mantle_ls::cli::lsp_client::{frame, frame_bytes};
use serde_json::{Value, json};

/// Documents that a session opens.
const DOCUMENTS: u8 = 3;
/// The most steps of a session: fewer requests than a server may refuse to run at once.
const LONGEST: usize = 400;

/// What is written, and what is known of its answer.
pub struct Step {
    /// The bytes on the wire.
    pub bytes: Vec<u8>,
    /// The id of the request that it is, if it certainly is one.
    pub id: Option<i64>,
    /// Whether the frame is broken, so that it may be answered with an error or with nothing.
    pub is_broken: bool,
}

/// Makes a session. The steps stand between the answer to `initialize` and `shutdown`.
pub fn session(bytes: &[u8]) -> Vec<Step> {
    let mut author = Author {
        bytes: bytes.iter(),
        last_id: 0,
        version: 0,
    };
    let mut steps = Vec::new();
    while let Some(choice) = author.next() {
        if steps.len() == LONGEST {
            break;
        }
        steps.push(author.step(choice));
    }
    steps
}

struct Author<'a> {
    bytes: std::slice::Iter<'a, u8>,
    last_id: i64,
    version: i32,
}

impl Author<'_> {
    fn next(&mut self) -> Option<u8> {
        self.bytes.next().copied()
    }

    /// The next byte; a session that ends goes on with zeros.
    fn byte(&mut self) -> u8 {
        self.next().unwrap_or_default()
    }

    fn step(&mut self, choice: u8) -> Step {
        match choice % 20 {
            0 => self.notify("textDocument/didOpen", Self::open),
            1..=5 => self.notify("textDocument/didChange", Self::change),
            6 => self.notify("textDocument/didClose", Self::document),
            7..=11 => self.ask("textDocument/inlineCompletion", Self::question),
            12 => self.ask_of_copilot(),
            13 | 14 => {
                // The newest, an older one, or one that never was.
                let id = self.last_id - i64::from(self.byte() % 4) + 1;
                self.notify("$/cancelRequest", |_| json!({ "id": id }))
            }
            15 => self.tell_of_an_item(),
            16 => self.ask("workspace/executeCommand", Self::command),
            17 => self.oddity(),
            18 => self.garbage(),
            _ => self.broken(),
        }
    }

    fn notify(&mut self, method: &str, params: impl FnOnce(&mut Self) -> Value) -> Step {
        let params = params(self);
        Step {
            bytes: frame(&json!({"jsonrpc": "2.0", "method": method, "params": params})),
            id: None,
            is_broken: false,
        }
    }

    fn ask(&mut self, method: &str, params: impl FnOnce(&mut Self) -> Value) -> Step {
        let params = params(self);
        // Now and then an id that is, or was, in use.
        if !self.byte().is_multiple_of(16) || self.last_id == 0 {
            self.last_id += 1;
        }
        let id = self.last_id;
        Step {
            bytes: frame(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})),
            id: Some(id),
            is_broken: false,
        }
    }

    fn uri(&mut self) -> String {
        // One more than are opened, and one that is private.
        match self.byte() % (DOCUMENTS + 2) {
            n if n < DOCUMENTS => format!("file:///w/src/file_{n}.rs"),
            DOCUMENTS => "file:///w/.env".to_owned(),
            _ => "untitled:Untitled-1".to_owned(),
        }
    }

    fn document(&mut self) -> Value {
        json!({ "textDocument": { "uri": self.uri() } })
    }

    fn version(&mut self) -> i32 {
        // Versions rise, but clients have been seen that repeat one.
        self.version += i32::from(!self.byte().is_multiple_of(8));
        self.version
    }

    fn text(&mut self) -> String {
        const PIECES: [&str; 16] = [
            "let total = price * 2;",
            "fn main() {\n",
            "}\n",
            "\r\n",
            "\r",
            "    ",
            "é",
            "e\u{301}",
            "漢字",
            "👩\u{200d}👩\u{200d}👧",
            "\u{2028}\u{b}",
            "(",
            "\"unclosed",
            "// <|fim_middle|>",
            "self.total",
            "\u{0}\u{fffd}",
        ];
        let pieces = self.byte() % 6;
        let piece = |author: &mut Self| PIECES[usize::from(author.byte()) % PIECES.len()];
        (0..pieces).map(|_| piece(self)).collect()
    }

    fn open(&mut self) -> Value {
        let (uri, version) = (self.uri(), self.version());
        let languages = ["rust", "python", "typescript", "plaintext", ""];
        let language = languages[usize::from(self.byte()) % languages.len()];
        let text = self.text() + "\n" + &self.text();
        json!({ "textDocument": {
            "uri": uri, "languageId": language, "version": version, "text": text } })
    }

    fn position(&mut self) -> Value {
        let number = |byte: u8| match byte {
            255 => u32::MAX,
            byte => u32::from(byte % 24),
        };
        let (line, character) = (self.byte(), self.byte());
        json!({ "line": number(line) / 4, "character": number(character) })
    }

    fn change(&mut self) -> Value {
        let (uri, version) = (self.uri(), self.version());
        let edits: Vec<Value> = (0..=self.byte() % 3)
            .map(|_| {
                let text = self.text();
                if self.byte().is_multiple_of(8) {
                    return json!({ "text": text });
                }
                let range = json!({ "start": self.position(), "end": self.position() });
                json!({ "range": range, "text": text })
            })
            .collect();
        json!({ "textDocument": { "uri": uri, "version": version }, "contentChanges": edits })
    }

    fn question(&mut self) -> Value {
        let (uri, position) = (self.uri(), self.position());
        let kind = self.byte() % 3;
        json!({
            "textDocument": { "uri": uri }, "position": position,
            "context": { "triggerKind": kind },
        })
    }

    fn ask_of_copilot(&mut self) -> Step {
        match self.byte() % 5 {
            0 => self.ask("getCompletions", |author| {
                let (uri, position, version) = (author.uri(), author.position(), author.version());
                json!({ "doc": {
                    "uri": uri, "position": position, "version": version,
                    "insertSpaces": true, "tabSize": 4, "indentSize": 4,
                    "path": "/w/src/file_0.rs", "relativePath": "src/file_0.rs",
                    "languageId": "rust", "source": "" } })
            }),
            1 => self.ask("checkStatus", |_| json!({})),
            2 => self.ask("notifyAccepted", |_| json!({ "uuid": "never" })),
            3 => self.ask("textDocument/copilotPanelCompletion", Self::question),
            _ => self.ask("signInConfirm", |_| json!({ "userCode": "x" })),
        }
    }

    fn tell_of_an_item(&mut self) -> Step {
        let methods = [
            "textDocument/didShowCompletion",
            "textDocument/didPartiallyAcceptCompletion",
            "textDocument/didRejectCompletion",
        ];
        let method = methods[usize::from(self.byte()) % methods.len()];
        self.notify(method, |author| {
            let command = json!({ "title": "", "command": "mantle.didAccept", "arguments": ["x"] });
            let length = author.byte();
            json!({ "item": { "insertText": "x", "command": command }, "acceptedLength": length })
        })
    }

    fn command(&mut self) -> Value {
        let commands = ["mantle.didAccept", "mantle.nothing", ""];
        let command = commands[usize::from(self.byte()) % commands.len()];
        let arguments = [json!(["never offered"]), json!([]), json!([7, {}])];
        let arguments = &arguments[usize::from(self.byte()) % arguments.len()];
        json!({ "command": command, "arguments": arguments })
    }

    /// Well-formed messages that a server seldom sees.
    fn oddity(&mut self) -> Step {
        match self.byte() % 8 {
            0 => self.ask(
                "textDocument/inlineCompletion",
                |_| json!({ "no": "sense" }),
            ),
            1 => self.ask("mantle/explain", |_| json!({ "id": "unknown" })),
            2 => self.ask("no/such/method", |_| json!({})),
            3 => self.ask("initialize", |_| json!({ "capabilities": {} })),
            4 => self.notify("no/such/notification", |_| json!({})),
            5 => self.notify("textDocument/didChange", |_| json!({ "no": "sense" })),
            6 => self.notify(
                "workspace/didChangeConfiguration",
                |_| json!({ "settings": { "disabledLanguages": ["python"] } }),
            ),
            _ => self.notify("textDocument/didSave", Self::document),
        }
    }

    /// Bytes that are no frame, or a frame around bytes that are no message.
    fn garbage(&mut self) -> Step {
        let kind = self.byte();
        let length = usize::from(self.byte() % 48);
        // Line ends would let the noise run into the next frame's header, which costs that frame.
        let noise: Vec<u8> = (0..length).map(|_| self.byte().max(b' ')).collect();
        let bytes = match kind % 4 {
            0 => frame_bytes(&noise),
            1 => frame_bytes(b"[1,2]"),
            2 => b"Content-Length: many\r\n\r\n".to_vec(),
            _ => [b"X-Noise: ".as_slice(), &noise, b"\r\n\r\n"].concat(),
        };
        Step {
            bytes,
            id: None,
            is_broken: true,
        }
    }

    /// A message of this client with some of its bytes changed; the header stays right.
    fn broken(&mut self) -> Step {
        let id = self.last_id;
        let message = json!({
            "jsonrpc": "2.0", "id": id, "method": "textDocument/inlineCompletion",
            "params": self.question(),
        });
        let mut body = message.to_string().into_bytes();
        for _ in 0..=self.byte() % 4 {
            let at = usize::from(self.byte()) * body.len() / 256;
            body[at] = self.byte();
        }
        Step {
            bytes: frame_bytes(&body),
            id: None,
            is_broken: true,
        }
    }
}
