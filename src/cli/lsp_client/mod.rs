//! The other end of the wire: a small language client over a child process' stdin and stdout.
//!
//! `mantle try`, the protocol tests and the start bench drive the real server with it, so they
//! see what an editor sees: bytes in, bytes out. It judges nothing; what came that nobody asked
//! for is kept as a stray for the caller to look at. [`wire`] has the message types and
//! [`document`] the client's copy of an open file.

pub mod document;
mod stdio;
pub mod wire;

use std::collections::HashMap;
use std::collections::VecDeque;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinSet;

/// What can go wrong between us and the server.
#[derive(Debug, thiserror::Error)]
pub enum LspError {
    /// The program could not be started at all.
    #[error("cannot start {program}: {source}")]
    Start {
        /// As it was given.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The server's output ended; nothing more will ever be answered.
    #[error("the language server ended{}", said(last_words))]
    Ended {
        /// The last lines of its stderr.
        last_words: String,
    },
    /// No answer, message or exit within the given time; the request may still be answered.
    #[error("no sign of {what} within {after:?}")]
    TimedOut {
        /// What was waited for.
        what: String,
        /// For how long.
        after: Duration,
    },
    /// The server answered with an error.
    #[error("{method} was refused: {message} ({code})")]
    Refused {
        /// The request.
        method: String,
        /// The error code of JSON-RPC or the protocol.
        code: i64,
        /// The server's words.
        message: String,
    },
    /// The answer has another shape than was asked for.
    #[error("the answer to {method} is unreadable: {source}")]
    Unreadable {
        /// The request.
        method: String,
        /// Where the shape differs.
        source: serde_json::Error,
    },
}

impl LspError {
    /// Returns the JSON-RPC error code when the server refused the request.
    #[must_use]
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Start { .. }
            | Self::Ended { .. }
            | Self::TimedOut { .. }
            | Self::Unreadable { .. } => None,
        }
    }
}

fn said(last_words: &str) -> String {
    if last_words.is_empty() {
        String::new()
    } else {
        format!("; its last words: {last_words}")
    }
}

/// An answer as it came, before anybody knows its type.
type Answer = Result<Value, (i64, String)>;

/// A notification from the server that nobody has taken yet.
#[derive(Debug)]
struct Notification {
    method: String,
    params: Value,
}

/// How many untaken notifications are kept; the oldest goes first.
const KEPT_NOTIFICATIONS: usize = 1024;
/// How many lines of the server's stderr are kept for its last words.
const KEPT_WORDS: usize = 12;

#[derive(Debug, Default)]
struct State {
    last_id: i64,
    waiting: HashMap<i64, oneshot::Sender<Answer>>,
    notifications: VecDeque<Notification>,
    strays: Vec<Stray>,
    last_words: VecDeque<String>,
    ended: bool,
}

/// What the reading task and the callers share; the lock is never held across an await.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("nothing panics while it holds the client's state")
    }

    fn ended(&self) -> LspError {
        let words: Vec<String> = self.lock().last_words.iter().cloned().collect();
        LspError::Ended {
            last_words: words.join(" | "),
        }
    }
}

/// An answer that no open request was waiting for: a second one, or one to a broken frame.
#[derive(Clone, Debug, PartialEq)]
pub struct Stray {
    /// The id it carries, as JSON text: `null` for a frame that could not be read.
    pub id: String,
    /// Its error code, if it is an error.
    pub code: Option<i64>,
}

/// A request on its way.
///
/// Dropping it loses the answer and nothing else: the server is not told; send `$/cancelRequest`
/// for that.
#[derive(Debug)]
#[must_use = "an answer has to be awaited"]
pub struct Pending {
    id: i64,
    method: String,
    answer: oneshot::Receiver<Answer>,
    shared: Arc<Shared>,
}

impl Pending {
    /// Returns the id on the wire, to cancel by.
    #[must_use]
    pub fn id(&self) -> i64 {
        self.id
    }

    /// Waits for the answer, for at most `patience`.
    ///
    /// # Errors
    /// The server refused, ended, was too slow, or answered in another shape than `R`.
    pub async fn answer<R: DeserializeOwned>(self, patience: Duration) -> Result<R, LspError> {
        match tokio::time::timeout(patience, self.answer).await {
            Ok(Ok(Ok(value))) => {
                serde_json::from_value(value).map_err(|source| LspError::Unreadable {
                    method: self.method,
                    source,
                })
            }
            Ok(Ok(Err((code, message)))) => Err(LspError::Refused {
                method: self.method,
                code,
                message,
            }),
            Ok(Err(_)) => Err(self.shared.ended()),
            Err(_) => Err(LspError::TimedOut {
                what: format!("an answer to {}", self.method),
                after: patience,
            }),
        }
    }
}

/// How to start a server: its program, arguments, environment and folder.
#[derive(Debug)]
pub struct Launch {
    command: Command,
    program: String,
}

impl Launch {
    /// Starts from `program` with no arguments, in this process' environment and folder.
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_string_lossy().into_owned(),
            command: Command::new(program),
        }
    }

    /// Appends one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets one environment variable.
    #[must_use]
    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Removes one environment variable.
    #[must_use]
    pub fn env_remove(mut self, key: impl AsRef<OsStr>) -> Self {
        self.command.env_remove(key);
        self
    }

    /// Sets the folder that the server starts in.
    #[must_use]
    pub fn folder(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Starts the server. It is killed when the client is dropped.
    ///
    /// # Errors
    /// [`LspError::Start`] when the program cannot be run.
    pub fn spawn(mut self) -> Result<LspClient, LspError> {
        let mut child = self
            .command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| LspError::Start {
                program: self.program,
                source,
            })?;
        let stdin = child.stdin.take().expect("stdin was asked for as a pipe");
        let stdout = child.stdout.take().expect("stdout was asked for as a pipe");
        let stderr = child.stderr.take().expect("stderr was asked for as a pipe");
        let shared = Arc::new(Shared::default());
        let (outbox, outgoing) = mpsc::channel(64);
        // Each ends with its pipe; a client that is dropped before ends them.
        let mut pipes = JoinSet::new();
        pipes.spawn(stdio::write(stdin, outgoing));
        pipes.spawn(stdio::read(stdout, shared.clone(), outbox.downgrade()));
        pipes.spawn(stdio::overhear(stderr, shared.clone()));
        Ok(LspClient {
            child,
            _pipes: pipes,
            outbox: Some(outbox),
            shared,
        })
    }
}

/// A running server and our side of the conversation with it.
#[derive(Debug)]
pub struct LspClient {
    child: Child,
    _pipes: JoinSet<()>,
    outbox: Option<mpsc::Sender<Vec<u8>>>,
    shared: Arc<Shared>,
}

impl LspClient {
    /// Returns the server's process id, while it runs.
    #[must_use]
    pub fn process_id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Writes bytes to the server as they are: frames that no editor would send.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn send_bytes(&self, bytes: Vec<u8>) -> Result<(), LspError> {
        let Some(outbox) = &self.outbox else {
            return Err(self.shared.ended());
        };
        outbox
            .send(bytes)
            .await
            .map_err(|_closed| self.shared.ended())
    }

    /// Sends a notification.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn notify(&self, method: &str, params: impl Serialize) -> Result<(), LspError> {
        let message = json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.send_bytes(frame(&message)).await
    }

    /// Sends a request; the answer is awaited on what it returns, so that more can be sent before.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn begin(&self, method: &str, params: impl Serialize) -> Result<Pending, LspError> {
        let pending = self.expect_answer(method);
        let message =
            json!({"jsonrpc": "2.0", "id": pending.id, "method": method, "params": params});
        self.send_bytes(frame(&message)).await?;
        Ok(pending)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// As [`Pending::answer`].
    pub async fn request<R: DeserializeOwned>(
        &self,
        method: &str,
        params: impl Serialize,
        patience: Duration,
    ) -> Result<R, LspError> {
        self.begin(method, params).await?.answer(patience).await
    }

    /// Takes the next id for a request that the caller will write with [`Self::send_bytes`].
    pub fn expect_answer(&self, method: &str) -> Pending {
        let (sender, answer) = oneshot::channel();
        let mut state = self.shared.lock();
        state.last_id += 1;
        let id = state.last_id;
        // Once the server has ended the sender is dropped, and the answer says so at once.
        if !state.ended {
            state.waiting.insert(id, sender);
        }
        drop(state);
        Pending {
            id,
            method: method.to_owned(),
            answer,
            shared: self.shared.clone(),
        }
    }

    /// Waits for a notification for which `wanted` holds and takes it; others stay.
    ///
    /// # Errors
    /// The server ended, or nothing fitting came within `patience`.
    pub async fn wait_for<P: DeserializeOwned>(
        &self,
        method: &str,
        wanted: impl Fn(&P) -> bool,
        patience: Duration,
    ) -> Result<P, LspError> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Listen before looking, or a message between the two would be slept through.
                changed.as_mut().enable();
                if let Some(found) = self.take(method, &wanted) {
                    return Ok(found);
                }
                if self.shared.lock().ended {
                    return Err(self.shared.ended());
                }
                changed.await;
            }
        };
        match tokio::time::timeout(patience, search).await {
            Ok(found) => found,
            Err(_) => Err(LspError::TimedOut {
                what: method.to_owned(),
                after: patience,
            }),
        }
    }

    /// Takes the first notification of this method for which `wanted` holds, if one has come.
    pub fn take<P: DeserializeOwned>(
        &self,
        method: &str,
        wanted: impl Fn(&P) -> bool,
    ) -> Option<P> {
        let mut state = self.shared.lock();
        let found = state
            .notifications
            .iter()
            .enumerate()
            .filter(|(_, notification)| notification.method == method)
            .find_map(|(place, notification)| {
                let params: P = serde_json::from_value(notification.params.clone()).ok()?;
                wanted(&params).then_some((place, params))
            });
        let (place, params) = found?;
        state.notifications.remove(place);
        Some(params)
    }

    /// Returns every answer so far that no open request was waiting for.
    #[must_use]
    pub fn strays(&self) -> Vec<Stray> {
        self.shared.lock().strays.clone()
    }

    /// Closes the server's stdin, as an editor that vanished does, after what was sent.
    pub fn hang_up(&mut self) {
        self.outbox = None;
    }

    /// Waits until the process has ended.
    ///
    /// # Errors
    /// [`LspError::TimedOut`] when it still runs after `patience`; it is not killed.
    pub async fn wait_for_exit(&mut self, patience: Duration) -> Result<ExitStatus, LspError> {
        match tokio::time::timeout(patience, self.child.wait()).await {
            Ok(Ok(status)) => Ok(status),
            Ok(Err(_)) => Err(self.shared.ended()),
            Err(_) => Err(LspError::TimedOut {
                what: "the server's exit".to_owned(),
                after: patience,
            }),
        }
    }

    /// Ends the conversation as the protocol asks: `shutdown`, `exit`, end of input, exit.
    ///
    /// # Errors
    /// The server refused, ended before, or still ran after `patience`; it is then killed.
    pub async fn shut_down(mut self, patience: Duration) -> Result<ExitStatus, LspError> {
        // Servers take `params` that are missing, not all take them as null.
        let pending = self.expect_answer("shutdown");
        let shutdown = json!({"jsonrpc": "2.0", "id": pending.id, "method": "shutdown"});
        self.send_bytes(frame(&shutdown)).await?;
        pending.answer::<Value>(patience).await?;
        let exit = json!({"jsonrpc": "2.0", "method": "exit"});
        self.send_bytes(frame(&exit)).await?;
        self.hang_up();
        self.wait_for_exit(patience).await
    }
}

/// Puts a message into the frame that goes over the wire.
#[must_use]
pub fn frame(message: &impl Serialize) -> Vec<u8> {
    let body = serde_json::to_vec(message).expect("a message has only string keys");
    frame_bytes(&body)
}

/// Puts any bytes into a frame, whether they are a message or not.
#[must_use]
pub fn frame_bytes(body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}
