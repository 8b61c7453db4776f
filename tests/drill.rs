//! A supplier is taken away while people work: the others answer, and the report says what it cost.
#![cfg(unix)]

mod support;

use std::process::Stdio;

use serde_json::{Value, json};
use support::holding_model::{Call, HoldingModel};
use support::{PATIENCE, Server, Workspace};
use tokio::process::{Child, Command};

fn configuration(models: &[&HoldingModel]) -> String {
    let model = |(n, model): (usize, &&HoldingModel)| {
        format!(
            "[[models]]\nid = \"model-{n}\"\ntier = \"open-source\"\nprotocol = \"llama-cpp\"\n\
             base_url = \"{}\"\nprice = {{ input = \"{n}.00\", output = \"{n}.00\" }}\n",
            model.address()
        )
    };
    let models: String = models.iter().enumerate().map(model).collect();
    format!("[inhouse]\nenabled = false\n{models}")
}

fn mantle(workspace: &Workspace, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mantle"));
    command.args(arguments).envs(workspace.folders());
    command.stdin(Stdio::null()).kill_on_drop(true);
    command
}

/// Lets the server look at its files and waits until it says that it took what they say.
async fn hear_of_change(server: &Server) {
    let settings = json!({"settings": {}});
    server
        .notify("workspace/didChangeConfiguration", settings)
        .await;
    let says = |message: &Value| {
        let text = message["message"].as_str();
        text.is_some_and(|text| text.contains("2 models"))
    };
    let heard = server
        .client
        .wait_for::<Value>("window/logMessage", says, PATIENCE)
        .await;
    heard.expect("the server takes the change");
}

/// Asks in a document of its own, and takes the request back once `model` has been called.
async fn ask(server: &Server, path: &str, model: &mut HoldingModel) {
    let (document, cursor) = server.open(path, "fn main() {\n    le$0\n}\n").await;
    let request = document.begin_completion(&server.client, cursor).await;
    let request = request.expect("the server reads");
    assert_eq!(model.next(PATIENCE).await, Call::Began);
    let id = json!({"id": request.id()});
    server.notify("$/cancelRequest", id).await;
    assert_eq!(model.next(PATIENCE).await, Call::Closed);
    let _cancelled = request.answer::<Value>(PATIENCE).await;
}

fn interrupt(child: &Child) {
    let pid = child.id().expect("it runs");
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).expect("a pid"));
    rustix::process::kill_process(pid.expect("a pid"), rustix::process::Signal::INT)
        .expect("it can be interrupted");
}

#[tokio::test]
async fn the_other_supplier_answers_and_the_report_compares() {
    let (mut cheap, mut dear) = (HoldingModel::start().await, HoldingModel::start().await);
    let workspace = Workspace::new(&[]);
    workspace.configure(&configuration(&[&cheap, &dear]));
    let server = Server::start(&workspace).await;
    ask(&server, "src/before.rs", &mut cheap).await;

    let file = workspace.state().join("drill.toml");
    let drill = ["drill", "--without", "model-0", "--for", "10m", "--json"];
    let drill = mantle(&workspace, &drill)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    while !file.exists() {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let second = ["drill", "--without", "model-1"];
    let second = mantle(&workspace, &second).output().await.expect("it ends");
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(
        !second.status.success() && said.contains("without model-0 runs until"),
        "{said}"
    );
    hear_of_change(&server).await;
    ask(&server, "src/during.rs", &mut dear).await;

    interrupt(&drill);
    let ended = drill.wait_with_output().await.expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(ended.status.success(), "{said}");
    assert!(said.contains("model-0 away, model-1 left"), "{said}");
    let report: Value = serde_json::from_slice(&ended.stdout).expect("JSON");
    assert_eq!(report["by"]["model"][0]["key"], "model-1");
    assert_eq!(report["totals"]["requests"], 1);
    assert!(report["compare"]["totals"].is_object());
    assert!(!file.exists());

    hear_of_change(&server).await;
    ask(&server, "src/after.rs", &mut cheap).await;
    server.end(&[]).await;
}

#[tokio::test]
async fn who_is_not_there_cannot_be_taken_away() {
    let model = HoldingModel::start().await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&configuration(&[&model]));
    let nobody = ["drill", "--without", "mistral"];
    let ended = mantle(&workspace, &nobody).output().await.expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(
        said.contains("there are 127.0.0.1:") && said.contains("model-0"),
        "{said}"
    );
    let stop = mantle(&workspace, &["drill", "--stop"]).output().await;
    let said = stop.expect("it ends").stdout;
    assert_eq!(String::from_utf8_lossy(&said), "no drill runs\n");
}
