//! A model server on loopback that holds every call for a given time and knows how the text goes on.
//!
//! It speaks streamed `/v1/completions` as one thread over plain sockets, so that it adds as little
//! as can be to what is measured, and keeps for every call when it came, what it asked, when it was
//! answered, and when the caller hung up. Held time is measured, not taken from the setting: timers
//! are a millisecond coarse.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// What is answered where the text is not known.
pub const OTHERWISE: &str = "otherwise();";

/// Characters in one piece of a stream: about a token.
const PIECE_CHARS: usize = 4;
/// The longest answer, in characters.
const LONGEST: usize = 200;

/// How an answer comes.
#[derive(Clone, Copy, Debug)]
pub enum Delivery {
    /// All of it at the end of the hold.
    AtTheEnd,
    /// The first piece after this time, the rest spread over what is left of the hold.
    From(Duration),
}

/// What happens to the calls that come from now on.
#[derive(Clone, Debug)]
pub struct Script {
    /// How long a call is held.
    pub hold: Duration,
    /// How its answer comes.
    pub delivery: Delivery,
    /// The text whose continuation is the right answer.
    pub text: Arc<str>,
}

/// One call as the model saw it.
#[derive(Clone, Debug)]
pub struct Call {
    /// When its last byte was read.
    pub arrived: Instant,
    /// The text before the cursor, as it was sent.
    pub prompt: String,
    /// When its last piece was due and about to be written.
    pub answered: Option<Instant>,
    /// When the caller hung up before that.
    pub closed: Option<Instant>,
}

impl Call {
    /// How long the model worked on it; none while it still does.
    pub fn held(&self) -> Option<Duration> {
        self.answered.or(self.closed).map(|end| end - self.arrived)
    }
}

#[derive(Debug, Default)]
struct Shared {
    script: Mutex<Option<Script>>,
    calls: Mutex<Vec<Call>>,
    changed: Notify,
}

impl Shared {
    fn calls(&self) -> MutexGuard<'_, Vec<Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, place: usize, change: impl FnOnce(&mut Call)) {
        change(&mut self.calls()[place]);
        self.changed.notify_waiters();
    }
}

/// The server; its thread ends with the process.
pub struct FakeModel {
    port: u16,
    shared: Arc<Shared>,
}

impl FakeModel {
    /// Binds a free port and serves it on a thread of its own.
    pub fn start() -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || runtime.block_on(serve(listener, serving)));
        Ok(Self { port, shared })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Sets what happens to the calls from now on.
    pub fn play(&self, script: Script) {
        let mut current = self
            .shared
            .script
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Some(script);
    }

    /// Returns how many calls have come so far; calls after it are read with [`Self::since`].
    pub fn mark(&self) -> usize {
        self.shared.calls().len()
    }

    /// Returns the calls that came after `mark`, as they stand now.
    pub fn since(&self, mark: usize) -> Vec<Call> {
        self.shared.calls()[mark..].to_vec()
    }

    /// Waits until the calls after `mark` are as `wanted`; returns them, or none after `patience`.
    pub async fn wait(
        &self,
        mark: usize,
        patience: Duration,
        wanted: impl Fn(&[Call]) -> bool,
    ) -> Option<Vec<Call>> {
        let search = async {
            loop {
                let changed = self.shared.changed.notified();
                tokio::pin!(changed);
                // Listen before looking, or a change between the two would be slept through.
                changed.as_mut().enable();
                let found = {
                    let calls = self.shared.calls();
                    wanted(&calls[mark..]).then(|| calls[mark..].to_vec())
                };
                if found.is_some() {
                    return found;
                }
                changed.await;
            }
        };
        tokio::time::timeout(patience, search).await.ok().flatten()
    }
}

async fn serve(listener: std::net::TcpListener, shared: Arc<Shared>) {
    let listener = TcpListener::from_std(listener).expect("a listener inside a runtime");
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        connections.spawn(async move { converse(stream, &shared).await });
    }
}

/// Serves one connection until either side ends it.
async fn converse(mut stream: TcpStream, shared: &Shared) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut unread = Vec::new();
    loop {
        let body = read_request(&mut stream, &mut unread).await?;
        let arrived = Instant::now();
        let asked: Asked = serde_json::from_slice(&body).ok()?;
        let script = {
            let script = shared.script.lock().unwrap_or_else(PoisonError::into_inner);
            script.clone()?
        };
        let answer = script.answer(&asked.prompt, &asked.suffix);
        let place = {
            let mut calls = shared.calls();
            calls.push(Call {
                arrived,
                prompt: asked.prompt,
                answered: None,
                closed: None,
            });
            calls.len() - 1
        };
        shared.changed.notify_waiters();
        let mut pieces = script.pieces(arrived, answer);
        let last = pieces.pop()?;
        let mut is_there = true;
        for (at, piece) in pieces {
            is_there = is_there
                && stays_until(at, &mut stream, &mut unread).await
                && stream.write_all(&piece).await.is_ok();
        }
        is_there = is_there && stays_until(last.0, &mut stream, &mut unread).await;
        let now = Instant::now();
        if !is_there {
            shared.change(place, |call| call.closed = Some(now));
            return None;
        }
        // Before it is written: whoever has the answer must find it noted here.
        shared.change(place, |call| call.answered = Some(now));
        stream.write_all(&last.1).await.ok()?;
    }
}

#[derive(Deserialize)]
struct Asked {
    prompt: String,
    /// What stands after the cursor.
    #[serde(default)]
    suffix: String,
}

impl Script {
    /// Finds where the prompt ends in the text and returns how the line goes on there. A model that
    /// was told to stop at the end of the line says no more either.
    ///
    /// A name that was begun is taken back from a prompt, so that the line so far may be nothing but
    /// blanks: of all places where such a line stands, the one with the most text above and below it in
    /// common is meant.
    fn answer(&self, prompt: &str, suffix: &str) -> &str {
        let line = prompt.rfind('\n').map_or(0, |at| at + 1);
        // With its line break, so that only the start of a line is found.
        let above = line.saturating_sub(1);
        if above == prompt.len() {
            return OTHERWISE;
        }
        let below = suffix.find('\n').map_or("", |end| &suffix[end..]);
        let in_common = |at: usize| {
            let end = at + prompt.len() - above;
            let next = self.text[end..]
                .find('\n')
                .map_or("", |next| &self.text[end + next..]);
            let pairs = self.text.as_bytes()[..at].iter().rev();
            let before = pairs.zip(prompt.as_bytes()[..above].iter().rev());
            let after = next.bytes().zip(below.bytes());
            before.take_while(|(a, b)| a == b).count() + after.take_while(|(a, b)| a == b).count()
        };
        let places = self.text.match_indices(&prompt[above..]).map(|(at, _)| at);
        let Some(at) = places.max_by_key(|&at| in_common(at)) else {
            return OTHERWISE;
        };
        let rest = &self.text[at + prompt.len() - above..];
        let rest = rest.split('\n').next().unwrap_or_default();
        let end = rest
            .char_indices()
            .nth(LONGEST)
            .map_or(rest.len(), |(at, _)| at);
        &rest[..end]
    }

    /// Cuts an answer into what is written when.
    fn pieces(&self, arrived: Instant, answer: &str) -> Vec<(Instant, Vec<u8>)> {
        let end = arrived + self.hold;
        let Delivery::From(first) = self.delivery else {
            let whole = [HEAD, &event(answer), LAST].concat();
            return vec![(end, whole.into_bytes())];
        };
        let characters: Vec<char> = answer.chars().collect();
        let texts: Vec<String> = characters
            .chunks(PIECE_CHARS)
            .map(|piece| event(&piece.iter().collect::<String>()))
            .collect();
        let steps = u32::try_from(texts.len()).unwrap_or(u32::MAX).max(1);
        let step = self.hold.saturating_sub(first) / steps;
        let mut pieces = vec![(arrived, HEAD.as_bytes().to_vec())];
        let mut at = arrived + first;
        for text in texts {
            pieces.push((at, text.into_bytes()));
            at += step;
        }
        pieces.push((end, LAST.as_bytes().to_vec()));
        pieces
    }
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const LAST: &str = "e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n";

/// One piece of text as an event in a chunk of its own.
fn event(text: &str) -> String {
    let data = serde_json::json!({"choices": [{"index": 0, "text": text}]});
    let event = format!("data: {data}\n\n");
    format!("{:x}\r\n{event}\r\n", event.len())
}

/// Waits until a moment; false if the caller hangs up before it.
async fn stays_until(at: Instant, stream: &mut TcpStream, unread: &mut Vec<u8>) -> bool {
    let hung_up = async { while let Ok(1..) = stream.read_buf(unread).await {} };
    tokio::select! {
        biased;
        () = hung_up => false,
        () = tokio::time::sleep_until(at.into()) => true,
    }
}

/// Reads one request and returns its body; none at the end of the connection.
async fn read_request(stream: &mut TcpStream, unread: &mut Vec<u8>) -> Option<Vec<u8>> {
    let head_end = loop {
        if let Some(at) = unread.windows(4).position(|window| window == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    };
    let head = std::str::from_utf8(&unread[..head_end]).ok()?;
    let length: usize = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok())?
    })?;
    while unread.len() < head_end + length {
        if stream.read_buf(unread).await.ok()? == 0 {
            return None;
        }
    }
    let rest = unread.split_off(head_end + length);
    let body = std::mem::replace(unread, rest).split_off(head_end);
    Some(body)
}
