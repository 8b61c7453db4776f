//! A key that is kept in GNOME's keyring: stored, listed, used by a session, forgotten.

#![cfg(feature = "peers")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use support::{MANTLE, PATIENCE, Server, Workspace};

/// A bus that starts nobody by itself: only our own keyring may answer.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// A message bus and a keyring of their own, unlocked, and empty; both end with this.
struct GnomeKeyring {
    bus: Child,
    keyring: Child,
    address: String,
}

impl GnomeKeyring {
    fn start(home: &Path) -> Self {
        let installed = "tests/peers/install.sh installs it";
        let rules = home.join("bus.conf");
        std::fs::write(&rules, BUS).expect("a file");
        let mut bus = Command::new("dbus-daemon")
            .args(["--nofork", "--print-address=1", "--config-file"])
            .arg(rules)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("dbus-daemon: {error}; {installed}"));
        let mut address = String::new();
        let said = bus.stdout.take().expect("it is piped");
        BufReader::new(said)
            .read_line(&mut address)
            .expect("the bus says where it is");
        let address = address.trim().to_owned();
        let mut keyring = Command::new("gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .env("HOME", home)
            .env("XDG_DATA_HOME", home)
            .env("XDG_RUNTIME_DIR", home)
            .env("DBUS_SESSION_BUS_ADDRESS", &address)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("gnome-keyring-daemon: {error}; {installed}"));
        let mut password = keyring.stdin.take().expect("it is piped");
        password.write_all(b"of this test").expect("it reads it");
        drop(password);
        Self {
            bus,
            keyring,
            address,
        }
    }
}

impl Drop for GnomeKeyring {
    fn drop(&mut self) {
        for child in [&mut self.keyring, &mut self.bus] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Answers whoever shows the key.
async fn model(headers: HeaderMap) -> impl IntoResponse {
    if headers.get(header::AUTHORIZATION) != Some(&"Bearer key-1".parse().expect("a header")) {
        return (StatusCode::UNAUTHORIZED, "who are you?").into_response();
    }
    let body = "data: {\"choices\":[{\"index\":0,\"text\":\"let answer = 42;\",\"finish_reason\":null}]}\n\n\
        data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\ndata: [DONE]\n\n";
    ([(header::CONTENT_TYPE, "text/event-stream")], body).into_response()
}

fn mantle(workspace: &Workspace, words: &[&str], typed: &str) -> (bool, String) {
    let mut child = Command::new(MANTLE)
        .args(words)
        .envs(workspace.folders())
        .envs(workspace.variables.iter().cloned())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("mantle starts");
    let mut input = child.stdin.take().expect("it is piped");
    // Not all of them read it.
    let _ = input.write_all(typed.as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).expect("mantle speaks UTF-8");
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_in_the_keyring_opens_a_session_s_calls_until_it_is_forgotten() {
    let mut workspace = Workspace::new(&[]);
    let home = tempfile::tempdir().expect("a folder");
    let keyring = GnomeKeyring::start(home.path());
    let bus = ("DBUS_SESSION_BUS_ADDRESS", keyring.address.clone());
    workspace.variables.push((bus.0.to_owned(), bus.1));

    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await;
    let listener = listener.expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let serves = Router::new().route("/v1/completions", post(model));
    let mut serving = tokio::task::JoinSet::new();
    serving.spawn(async move { axum::serve(listener, serves).await });
    workspace.configure(&format!(
        "[inhouse]\nenabled = false\n[[models]]\nid = \"m\"\ntier = \"open-source\"\n\
         protocol = \"openai-completions\"\nbase_url = \"http://127.0.0.1:{port}\"\n\
         api_key = {{ keyring = \"a-model\" }}\nprice = {{ input = \"1\", output = \"1\" }}\n"
    ));

    let began = Instant::now();
    let store = || mantle(&workspace, &["models", "key", "a-model"], "key-1\n");
    while let (false, said) = store() {
        assert!(said.contains("start and unlock it"), "{said}");
        assert!(began.elapsed() < PATIENCE, "{said}");
        std::thread::sleep(Duration::from_millis(20));
    }
    let forget = ["models", "key", "a-model", "--forget"];
    let (is_done, said) = mantle(&workspace, &forget, "");
    assert!(is_done, "{said}");
    let (is_done, said) = mantle(&workspace, &["models", "test"], "");
    assert!(
        !is_done && said.contains("mantle models key a-model"),
        "{said}"
    );
    let (is_done, said) = store();
    assert!(is_done && !said.contains("key-1"), "{said}");
    let (_, said) = mantle(&workspace, &["models", "list"], "");
    assert!(said.contains("key from the keyring's a-model"), "{said}");
    let (is_done, said) = mantle(&workspace, &["models", "test"], "");
    assert!(is_done, "{said}");

    let server = Server::start(&workspace).await;
    let began = Instant::now();
    let text = loop {
        // Until the keyring has answered, the model has no key and is not asked.
        let name = format!("src/file{}.rs", began.elapsed().as_nanos());
        let (document, cursor) = server.open(&name, "fn main() {\n    le$0\n}\n").await;
        if let Some(item) = server.complete(&document, cursor).await {
            break item.insert_text;
        }
        assert!(began.elapsed() < PATIENCE, "the key was never taken");
    };
    assert!(text.ends_with("t answer = 42;"), "{text}");
    server.end(&[]).await;

    let (is_done, said) = mantle(&workspace, &forget, "");
    assert!(is_done, "{said}");
    let (_, said) = mantle(&workspace, &["models", "list"], "");
    assert!(said.contains("no key in the keyring's a-model"), "{said}");
}
