//! A model server that takes a call and never answers it, so that a request stays in flight for
//! as long as a test wants.

use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// What happened to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Its first bytes came.
    Began,
    /// The caller closed the connection.
    Closed,
}

/// The server; it ends when it is dropped.
pub struct HoldingModel {
    port: u16,
    calls: mpsc::UnboundedReceiver<Call>,
    _listening: JoinSet<()>,
}

impl HoldingModel {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("a bound port").port();
        let (tell, calls) = mpsc::unbounded_channel();
        let mut listening = JoinSet::new();
        listening.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let tell = tell.clone();
                connections.spawn(async move {
                    let mut buffer = [0; 4096];
                    let mut began = false;
                    while let Ok(1..) = stream.read(&mut buffer).await {
                        if !began {
                            let _ = tell.send(Call::Began);
                        }
                        began = true;
                    }
                    if began {
                        let _ = tell.send(Call::Closed);
                    }
                });
            }
        });
        Self {
            port,
            calls,
            _listening: listening,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A configuration in which every request goes to this model.
    pub fn pinned(&self) -> String {
        format!(
            r#"
[routing]
pin = "held"
[[models]]
id = "held"
tier = "open-source"
protocol = "llama-cpp"
base_url = "{}"
model = "held"
fim = "qwen2.5-coder"
"#,
            self.address()
        )
    }

    /// Waits until the next thing happens to a call.
    pub async fn next(&mut self, patience: Duration) -> Call {
        let call = tokio::time::timeout(patience, self.calls.recv()).await;
        call.expect("something happens to a call in time")
            .expect("the model server runs")
    }
}
