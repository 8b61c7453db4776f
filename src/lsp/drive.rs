//! The loop between a client and the service.
//!
//! The service's own loop ends at the first bad frame and lets cancels wait behind the requests
//! that they should cancel, so it is not used. Here notifications run to their end in order, every
//! request is a task of its own, a cancel is seen as soon as it is read, and every request has
//! exactly one answer, also when its handler panics.

use std::panic::AssertUnwindSafe;

use futures::{FutureExt, SinkExt, StreamExt};
use serde::Serialize;
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Response};
use tower_lsp_server::{ClientSocket, LanguageServer, LspService};
use tower_service::Service;

use super::frames::{Frame, FrameReader, framed, parse_error};
use super::lenient;

/// How many requests may run at once; one more is refused, so a flood cannot fill the memory.
const MOST_RUNNING: usize = 1_024;
/// How many frames may wait for a client that reads slowly.
const OUTBOX: usize = 256;

/// How the session ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// With `exit` after `shutdown`, as the protocol wants it.
    Orderly,
    /// With `exit` alone, or because the client is gone.
    Abrupt,
}

/// Serves one client until it says `exit` or is gone. Requests that still run then are dropped;
/// their guards record what they spent.
pub async fn drive<S, R, W>(
    input: R,
    output: W,
    service: &mut LspService<S>,
    socket: ClientSocket,
) -> End
where
    S: LanguageServer,
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (outbox, inbox) = mpsc::channel::<Vec<u8>>(OUTBOX);
    let (mut ours, mut answers) = socket.split();
    let mut pumps = JoinSet::new();
    let notices = outbox.clone();
    pumps.spawn(async move {
        while let Some(request) = ours.next().await {
            send(&notices, &request).await;
        }
    });
    let mut writers = JoinSet::new();
    writers.spawn(write(output, inbox));

    let mut frames = FrameReader::new(input);
    let mut running = JoinSet::new();
    let mut has_shut_down = false;
    let mut end = End::Abrupt;
    loop {
        let frame = tokio::select! {
            frame = frames.next() => frame,
            // Nobody reads our answers any more.
            () = outbox.closed() => None,
        };
        while running.try_join_next().is_some() {}
        match frame {
            None => break,
            Some(Frame::Bad(why)) => {
                tracing::warn!(why, "a bad frame was skipped");
                let _ = outbox.send(parse_error(why)).await;
            }
            Some(Frame::Response(response)) => {
                let _ = answers.send(response).await;
            }
            Some(Frame::Request(request)) => {
                let request = lenient::settle(request);
                let (method, id) = (request.method().to_owned(), request.id().cloned());
                let Some(id) = id else {
                    // A panic in a notification must not end the session either.
                    let _ = AssertUnwindSafe(service.call(request)).catch_unwind().await;
                    if method == "exit" {
                        end = if has_shut_down {
                            End::Orderly
                        } else {
                            End::Abrupt
                        };
                        break;
                    }
                    continue;
                };
                if running.len() >= MOST_RUNNING {
                    let refused = Error::new(ErrorCode::ServerError(-32803));
                    send(&outbox, &Response::from_error(id, refused)).await;
                    continue;
                }
                let call = service.call(request);
                let answers = outbox.clone();
                let task = async move {
                    let response = match AssertUnwindSafe(call).catch_unwind().await {
                        Ok(Ok(response)) => response,
                        Ok(Err(_exited)) => {
                            Some(Response::from_error(id, Error::invalid_request()))
                        }
                        Err(_panic) => Some(Response::from_error(id, Error::internal_error())),
                    };
                    if let Some(response) = response {
                        send(&answers, &response).await;
                    }
                };
                if method == "shutdown" {
                    has_shut_down = true;
                    task.await;
                    continue;
                }
                // The first poll is here, in the order of arrival: what a request is bound to, its
                // document's text and its place as the newest, is settled before the next frame.
                let mut task = Box::pin(task);
                if futures::poll!(task.as_mut()).is_pending() {
                    running.spawn(task);
                }
            }
        }
    }
    running.shutdown().await;
    pumps.shutdown().await;
    drop(outbox);
    // What is written already reaches the client; a client that is gone ends the writer itself.
    while writers.join_next().await.is_some() {}
    end
}

async fn write<W: AsyncWrite + Unpin>(mut output: W, mut inbox: mpsc::Receiver<Vec<u8>>) {
    while let Some(frame) = inbox.recv().await {
        if output.write_all(&frame).await.is_err() || output.flush().await.is_err() {
            return;
        }
    }
}

async fn send(outbox: &mpsc::Sender<Vec<u8>>, message: &impl Serialize) {
    match serde_json::to_vec(message) {
        Ok(body) => {
            let _ = outbox.send(framed(&body)).await;
        }
        Err(error) => tracing::error!(%error, "a message could not be written as JSON"),
    }
}
