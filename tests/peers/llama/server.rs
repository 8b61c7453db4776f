//! Starts the real llama.cpp server for a test and stops it with the test.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server with the small model; dropping it stops the server.
pub struct LlamaServer {
    child: Child,
    port: u16,
}

impl LlamaServer {
    /// Starts a server on a free port and returns when its model is loaded.
    ///
    /// # Panics
    ///
    /// Without an install; the message is the line that installs it.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server whose model claims to have fill-in-the-middle tokens, so that `/infill`
    /// answers; what it says is of no use.
    #[must_use]
    pub fn start_with_fim() -> Self {
        Self::start_with(&["--fim"])
    }

    fn start_with(options: &[&str]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir: PathBuf = root.join("tests/.peers/llama");
        assert!(
            dir.join("versions").is_file(),
            "llama.cpp is not installed; run: {}",
            root.join("tests/peers/install-llama.sh").display()
        );
        let mut child = Command::new("python3")
            .arg(root.join("tests/peers/llama/serve.py"))
            .arg(&dir)
            .args(options)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 starts; install it with: apt-get install python3");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the server's output can be read");
        let port = line.trim().parse().unwrap_or_else(|_| {
            panic!(
                "the server did not start; try: python3 tests/peers/llama/serve.py {}",
                dir.display()
            )
        });
        Self { child, port }
    }

    /// Returns the address for `base_url`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the body of a GET, such as that of `/slots`.
    #[must_use]
    pub fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
        .expect("the request is sent");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("the answer is text");
        answer
            .split_once("\r\n\r\n")
            .map(|(_head, body)| body.to_owned())
            .unwrap_or_default()
    }

    /// Returns how many requests are being worked on.
    #[must_use]
    pub fn busy_slots(&self) -> usize {
        self.get("/slots").matches("\"is_processing\":true").count()
    }
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // It ends by itself when its standard input closes.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
