//! Starts LiteLLM's proxy for a test and stops it with the test.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The key that the proxy wants.
pub const KEY: &str = "sk-peers";

/// A running proxy; dropping it stops it.
pub struct Proxy {
    child: Child,
    port: u16,
}

impl Proxy {
    /// Starts a proxy in front of the server at `base_url` and returns when it answers.
    ///
    /// # Panics
    ///
    /// Without an install; the message is the line that installs it.
    #[must_use]
    pub fn start(base_url: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let dir: PathBuf = root.join("tests/.peers/litellm");
        assert!(
            dir.join("version").is_file(),
            "LiteLLM is not installed; run: {}",
            root.join("tests/peers/install-litellm.sh").display()
        );
        let mut child = Command::new("python3")
            .arg(root.join("tests/peers/litellm/serve.py"))
            .arg(&dir)
            .arg(base_url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 starts; install it with: apt-get install python3");
        let stdout = child.stdout.take().expect("stdout is a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("the proxy's output can be read");
        let port = line.trim().parse().expect("the proxy starts");
        Self { child, port }
    }

    /// Returns the address for `base_url`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // It ends by itself when its standard input closes.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
