//! A connection that stands ready: it is opened while it is still worked out what to ask, so that
//! asking does not wait for it.
//!
//! Only for servers on this machine that are spoken to without TLS. Their connections are not kept
//! (`clients` says why), so each call has a new one; where there is TLS they are kept. What cannot
//! be opened here is opened the usual way, which also says what is wrong.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::client::conn::http1::{self, Connection, SendRequest};
use hyper_util::rt::TokioIo;
use reqwest::header::{ACCEPT, HOST, HeaderValue, USER_AGENT};
use reqwest::{Body, Request, RequestBuilder, Response, Url};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use super::clients::{AGENT, CONNECT_TIME, is_loopback};

/// How long a connection waits for its call; one that is not made must not keep it.
const UNUSED: Duration = Duration::from_secs(1);

type Sender = SendRequest<Body>;

/// At most one connection to a server that waits for a call.
#[derive(Debug, Default)]
pub(super) struct Ready {
    slot: Arc<Mutex<Slot>>,
    /// Each ends with its call, or without one. Nothing of them needs to be waited for: what goes
    /// wrong is told to whoever calls.
    connections: TaskTracker,
}

#[derive(Debug, Default)]
struct Slot {
    /// It may still be opening.
    waiting: Option<oneshot::Receiver<Sender>>,
    /// How many there were: who gives one up must not take the next one's place.
    number: u64,
}

/// Why there is no response.
#[derive(Debug)]
pub(super) enum Unsent {
    /// As the client says.
    Client(reqwest::Error),
    /// The connection stood, so the request may have been read.
    Broken,
}

impl Ready {
    /// Opens a connection for a call that is about to be made, where that is of use. It is closed
    /// again if there is no call within a second.
    pub(super) fn open(&self, root: &Url) {
        if root.scheme() != "http" || !is_loopback(root) {
            return;
        }
        let (Some(host), Some(port)) = (root.host_str(), root.port_or_known_default()) else {
            return;
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let (tell, waiting) = oneshot::channel();
        let number = {
            let mut slot = self.slot();
            if slot.waiting.is_some() {
                return;
            }
            slot.number += 1;
            slot.waiting = Some(waiting);
            slot.number
        };
        let slot = Arc::clone(&self.slot);
        self.connections.spawn(async move {
            let opened = timeout(CONNECT_TIME, connect(host, port)).await;
            let Some((sender, connection)) = opened.ok().flatten() else {
                return give_up(&slot, number);
            };
            let _ = tell.send(sender);
            let mut connection = std::pin::pin!(connection);
            let has_ended = timeout(UNUSED, connection.as_mut()).await.is_ok();
            give_up(&slot, number);
            if !has_ended {
                // It ends now, or with the answer that it is used for, whose reader is told how.
                let _ = connection.await;
            }
        });
    }

    /// Sends a request over the connection that stands ready, or over a new one. Dropping the future
    /// closes the connection.
    ///
    /// # Errors
    ///
    /// [`Unsent`]; what could not be written to the one that stood ready is sent over a new one.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, Unsent> {
        let (client, request) = request.build_split();
        let request = request.map_err(Unsent::Client)?;
        let waiting = self.slot().waiting.take();
        if let Some(waiting) = waiting
            && let Ok(mut sender) = waiting.await
            && let Some(ours) = request.try_clone().and_then(written)
        {
            match sender.try_send_request(ours).await {
                Ok(response) => return Ok(response.map(Body::wrap).into()),
                Err(error) if error.message().is_some() => {}
                Err(_) => return Err(Unsent::Broken),
            }
        }
        client.execute(request).await.map_err(Unsent::Client)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        lock(&self.slot)
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Closes a connection, if nobody has taken it.
fn give_up(slot: &Mutex<Slot>, number: u64) {
    let mut slot = lock(slot);
    if slot.number == number {
        slot.waiting = None;
    }
}

async fn connect(
    host: String,
    port: u16,
) -> Option<(Sender, Connection<TokioIo<TcpStream>, Body>)> {
    let stream = TcpStream::connect((host, port)).await.ok()?;
    // Where this fails the request is only sent later.
    let _ = stream.set_nodelay(true);
    http1::handshake(TokioIo::new(stream)).await.ok()
}

/// Returns a request as it is written to a connection: with what a client would add to it.
fn written(request: Request) -> Option<hyper::Request<Body>> {
    let url = request.url();
    let host = match url.port() {
        Some(port) => format!("{}:{port}", url.host_str()?),
        None => url.host_str()?.to_owned(),
    };
    let host = HeaderValue::try_from(host).ok()?;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut request = hyper::Request::try_from(request).ok()?;
    *request.uri_mut() = target.try_into().ok()?;
    let headers = request.headers_mut();
    headers.insert(HOST, host);
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
    Some(request)
}
