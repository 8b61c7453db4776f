//! Plays a session against the server in this process and holds it to the laws of the wire.
//!
//! Every request has exactly one answer, a broken frame at most one, an ordinary completion works
//! afterwards, and the server leaves in order.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mantle_ls::cli::lsp_client::frame;
use mantle_ls::config::{Environment, Paths};
use mantle_ls::lsp::{Launch, serve};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::random_session::Step;

/// Long enough for a debug build on a machine that does other work; a law that holds never waits
/// for it.
const PATIENCE: Duration = Duration::from_secs(60);
/// Ids of our own requests, far from those of a session.
const INITIALIZE: i64 = 1_000_001;
const PROBE: i64 = 1_000_002;
const SHUTDOWN: i64 = 1_000_003;
/// What the model says to the last question, from the name on that was begun.
const SAID: &str = "price * 2;";
/// What is left to insert of it.
const REST: &str = "rice * 2;";

/// Plays the steps in a server of its own.
///
/// # Errors
/// The law that was broken, in words.
pub async fn play(steps: Vec<Step>) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let model = Model::start().await?;
    let launch = launch(folder.path(), model.port)?;
    let (ours, theirs) = tokio::io::duplex(1 << 20);
    let (their_input, their_output) = tokio::io::split(theirs);
    let server = serve(their_input, their_output, launch);
    let client = Client::new(ours).talk(steps, &model);
    let played = async { tokio::join!(server, client) };
    let (is_orderly, talked) = tokio::time::timeout(PATIENCE, played)
        .await
        .map_err(|_| "the session did not end".to_owned())?;
    talked?;
    if is_orderly {
        Ok(())
    } else {
        Err("the server did not leave in order".to_owned())
    }
}

fn launch(folder: &Path, port: u16) -> Result<Launch, String> {
    let config = folder.join("config.toml");
    let text = format!(
        "[[models]]\nid = \"free\"\ntier = \"open-source\"\nprotocol = \"openai-completions\"\n\
         base_url = \"http://127.0.0.1:{port}\"\n"
    );
    std::fs::write(&config, text).map_err(|error| error.to_string())?;
    let home = folder.to_string_lossy().into_owned();
    let environment = Environment::from_pairs([("HOME", home.as_str())]);
    Ok(Launch {
        paths: Paths::find(&environment, Some(&config), None),
        environment,
        config_is_required: true,
    })
}

struct Client {
    input: BufReader<tokio::io::ReadHalf<DuplexStream>>,
    output: tokio::io::WriteHalf<DuplexStream>,
    /// Answers by id; those without one stand under `None`.
    answers: HashMap<Option<i64>, Vec<Value>>,
}

impl Client {
    fn new(stream: DuplexStream) -> Self {
        let (input, output) = tokio::io::split(stream);
        Self {
            input: BufReader::new(input),
            output,
            answers: HashMap::new(),
        }
    }

    async fn talk(mut self, steps: Vec<Step>, model: &Model) -> Result<(), String> {
        let hello = json!({ "capabilities": {}, "rootUri": null, "processId": null });
        self.ask(INITIALIZE, "initialize", hello).await?;
        self.wait_for(INITIALIZE, 1).await?;
        self.tell("initialized", json!({})).await?;

        let mut asked: HashMap<i64, usize> = HashMap::new();
        let mut broken = 0;
        for step in &steps {
            self.write(&step.bytes).await?;
            if let Some(id) = step.id {
                *asked.entry(id).or_default() += 1;
            }
            broken += usize::from(step.is_broken);
        }
        // What the model holds back for ever ends with its request.
        for id in asked.keys() {
            self.tell("$/cancelRequest", json!({ "id": id })).await?;
        }
        for (id, times) in &asked {
            self.wait_for(*id, *times).await?;
        }

        model.answer_from_now_on();
        self.probe().await?;
        self.ask(SHUTDOWN, "shutdown", Value::Null).await?;
        self.wait_for(SHUTDOWN, 1).await?;
        self.tell("exit", Value::Null).await?;
        while self.read().await? {}
        self.judge(asked, broken)
    }

    /// Asks as every editor does and looks at the text.
    async fn probe(&mut self) -> Result<(), String> {
        let uri = "file:///w/src/probe.rs";
        let text = "fn main() {\n    let total = p\n}\n";
        let document = json!({ "uri": uri, "languageId": "rust", "version": 1, "text": text });
        let opened = json!({ "textDocument": document });
        self.tell("textDocument/didOpen", opened).await?;
        let question = json!({
            "textDocument": { "uri": uri }, "position": { "line": 1, "character": 17 },
            "context": { "triggerKind": 2 },
        });
        self.ask(PROBE, "textDocument/inlineCompletion", question)
            .await?;
        self.wait_for(PROBE, 1).await?;
        let answer = &self.answers[&Some(PROBE)][0];
        let text = answer["result"]["items"][0]["insertText"].as_str();
        if text.is_some_and(|text| text.ends_with(REST)) {
            Ok(())
        } else {
            Err(format!("the completion afterwards was answered {answer}"))
        }
    }

    fn judge(&self, asked: HashMap<i64, usize>, broken: usize) -> Result<(), String> {
        let ours = [INITIALIZE, PROBE, SHUTDOWN].map(|id| (id, 1));
        let mut asked: HashMap<i64, usize> = asked.into_iter().chain(ours).collect();
        let mut strays = 0;
        for (id, answers) in &self.answers {
            let expected = id.and_then(|id| asked.remove(&id)).unwrap_or(0);
            // A frame that was broken in a lucky place is a request, under whatever id it has now.
            strays += answers
                .len()
                .checked_sub(expected)
                .ok_or_else(|| format!("{id:?} was asked {expected} times: {answers:?}"))?;
        }
        if strays > broken {
            let answers = &self.answers;
            return Err(format!(
                "{strays} answers for {broken} broken frames: {answers:?}"
            ));
        }
        Ok(())
    }

    async fn ask(&mut self, id: i64, method: &str, params: Value) -> Result<(), String> {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&frame(&message)).await
    }

    async fn tell(&mut self, method: &str, params: Value) -> Result<(), String> {
        let message = json!({ "jsonrpc": "2.0", "method": method, "params": params });
        self.write(&frame(&message)).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        let written = self.output.write_all(bytes).await;
        written.map_err(|error| format!("the server stopped reading: {error}"))
    }

    async fn wait_for(&mut self, id: i64, times: usize) -> Result<(), String> {
        while self.answers.get(&Some(id)).map_or(0, Vec::len) < times {
            let read = tokio::time::timeout(PATIENCE / 2, self.read()).await;
            match read {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return Err(format!("the server ended before it answered {id}")),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(format!("request {id} has no answer")),
            }
        }
        Ok(())
    }

    /// Reads one message; `false` at the end of the output.
    async fn read(&mut self) -> Result<bool, String> {
        let mut length = None;
        loop {
            let mut line = String::new();
            let read = self.input.read_line(&mut line).await;
            if read.map_err(|error| error.to_string())? == 0 {
                return Ok(false);
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", value)) => length = value.parse::<usize>().ok(),
                None if line == "\r\n" => break,
                _ => return Err(format!("a header of the server: {line:?}")),
            }
        }
        let mut body = vec![0; length.ok_or("a frame of the server has no length")?];
        let read = self.input.read_exact(&mut body).await;
        read.map_err(|error| error.to_string())?;
        let message: Value = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        if message.get("method").is_none() {
            let id = message["id"].as_i64();
            self.answers.entry(id).or_default().push(message);
        }
        Ok(true)
    }
}

/// A model server that answers two calls of three, and keeps the third waiting for ever.
struct Model {
    port: u16,
    calls: Arc<AtomicUsize>,
    _listening: JoinSet<()>,
}

/// From this count on every call is answered.
const ALWAYS: usize = usize::MAX / 2;

impl Model {
    async fn start() -> Result<Self, String> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.map_err(|error| error.to_string())?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&calls);
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(answer(stream, Arc::clone(&counter)));
            }
        });
        Ok(Self {
            port: address.port(),
            calls,
            _listening: listening,
        })
    }

    fn answer_from_now_on(&self) {
        self.calls.store(ALWAYS, Ordering::SeqCst);
    }
}

async fn answer(mut stream: TcpStream, calls: Arc<AtomicUsize>) {
    let mut head = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        head.extend_from_slice(&buffer[..read]);
        // The body is one line of JSON that ends the request.
        if !head.ends_with(b"}") {
            continue;
        }
        let call = calls.fetch_add(1, Ordering::SeqCst);
        if call < ALWAYS && call % 3 == 2 {
            continue;
        }
        let body = format!(
            "data: {}\n\ndata: [DONE]\n\n",
            json!({ "choices": [{ "text": SAID, "finish_reason": "stop" }] })
        );
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        return;
    }
}
