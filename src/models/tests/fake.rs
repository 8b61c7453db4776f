//! A provider on port 0 that answers as told, remembers what it was asked and notices a hang-up.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::response::Response;
use futures::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// One request as it came in.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) query: Option<String>,
    pub(super) authorization: Option<String>,
    headers: HeaderMap,
    pub(super) body: String,
}

impl Asked {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(super) struct Fake {
    pub(super) url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
    hang_ups: mpsc::UnboundedReceiver<()>,
}

/// Tells that a response body was dropped, which the server does when the caller is gone.
#[derive(Clone)]
pub(super) struct HangUp(mpsc::UnboundedSender<()>);

impl Fake {
    /// Starts a server that answers every request with what `answer` makes of its path.
    pub(super) async fn start<F>(answer: F) -> Self
    where
        F: Fn(&str, HangUp) -> Response + Clone + Send + Sync + 'static,
    {
        let (tell, hang_ups) = mpsc::unbounded_channel();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let list = Arc::clone(&asked);
        let app = Router::new().fallback(move |request: Request| {
            let (list, answer, tell) = (Arc::clone(&list), answer.clone(), tell.clone());
            async move {
                let path = request.uri().path().to_owned();
                let query = request.uri().query().map(str::to_owned);
                let headers = request.headers().clone();
                let authorization = request
                    .headers()
                    .get("authorization")
                    .and_then(|value| value.to_str().ok())
                    .map(str::to_owned);
                let body = axum::body::to_bytes(request.into_body(), 1 << 20)
                    .await
                    .expect("a whole body");
                list.lock().expect("no test panics in here").push(Asked {
                    path: path.clone(),
                    query,
                    authorization,
                    headers,
                    body: String::from_utf8(body.to_vec()).expect("a body of text"),
                });
                answer(&path, HangUp(tell))
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("a bound address"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self {
            url,
            asked,
            hang_ups,
        }
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics in here").clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    /// Waits until a response body is dropped.
    pub(super) async fn hung_up(&mut self) {
        self.hang_ups.recv().await.expect("the server runs");
    }
}

/// An event stream that sends `text` and ends.
pub(super) fn events(text: &str) -> Response {
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from(text.to_owned()))
        .expect("a valid response")
}

/// An event stream that sends `text` and then says nothing more.
pub(super) fn events_then_silence(text: &str, hang_up: HangUp) -> Response {
    let body = Silence {
        first: Some(Bytes::from(text.to_owned())),
        hang_up,
    };
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(Body::from_stream(body))
        .expect("a valid response")
}

pub(super) fn status(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response
        .body(Body::from(body.to_owned()))
        .expect("a valid response")
}

struct Silence {
    first: Option<Bytes>,
    hang_up: HangUp,
}

impl Stream for Silence {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.first.take() {
            Some(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(bytes))),
            _ => Poll::Pending,
        }
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = self.hang_up.0.send(());
    }
}

/// Starts a server that reads a request, writes these bytes as they are and closes.
pub(super) async fn raw(answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("a bound address"));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = socket.read(&mut request).await;
            let _ = socket.write_all(answer).await;
            let _ = socket.shutdown().await;
        }
    });
    url
}
