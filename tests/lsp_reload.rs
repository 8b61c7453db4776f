//! What an editor sees when the configuration changes under a running session.

mod support;

use serde_json::{Value, json};
use support::holding_model::{Call, HoldingModel};
use support::{PATIENCE, Server, Workspace};

/// Says that settings have changed, and waits for what the server says of the files.
async fn hear_of_change(server: &Server, method: &str, expected: &str) {
    let settings = json!({"settings": {}});
    server
        .notify("workspace/didChangeConfiguration", settings)
        .await;
    let says = |message: &Value| {
        let text = message["message"].as_str();
        text.is_some_and(|text| text.contains(expected))
    };
    let heard: Value = server
        .client
        .wait_for(method, says, PATIENCE)
        .await
        .expect("the server says what it did");
    drop(heard);
}

/// Puts one configuration in place of another while a call runs: the next request goes where the new
/// one leads, and the call is not torn from where it went.
async fn assert_taken_over(leading_to: impl Fn(&HoldingModel) -> String) {
    let (mut first, mut second) = (HoldingModel::start().await, HoldingModel::start().await);
    let workspace = Workspace::new(&[]);
    workspace.configure(&leading_to(&first));
    let server = Server::start(&workspace).await;
    let (one, cursor) = server
        .open("src/one.rs", "fn main() {\n    le$0\n}\n")
        .await;
    let running = one.begin_completion(&server.client, cursor).await;
    let running = running.expect("the server reads");
    assert_eq!(first.next(PATIENCE).await, Call::Began);

    workspace.configure(&leading_to(&second));
    hear_of_change(&server, "window/logMessage", "1 models").await;
    let (two, cursor) = server
        .open("src/two.rs", "fn main() {\n    le$0\n}\n")
        .await;
    let asked = two.begin_completion(&server.client, cursor).await;
    let asked = asked.expect("the server reads");
    assert_eq!(second.next(PATIENCE).await, Call::Began);

    // What was asked before still waits for whom it asked.
    for (request, model) in [(running, &mut first), (asked, &mut second)] {
        let id = json!({"id": request.id()});
        server.notify("$/cancelRequest", id).await;
        assert_eq!(model.next(PATIENCE).await, Call::Closed);
        let _cancelled = request.answer::<Value>(PATIENCE).await;
    }
    server.end(&[]).await;
    let report = workspace.report();
    assert_eq!(report["totals"]["calls"], json!(2));
}

#[tokio::test]
async fn another_model_is_asked_without_a_restart_and_the_running_call_goes_on() {
    assert_taken_over(HoldingModel::pinned).await;
}

#[tokio::test]
async fn a_file_that_cannot_be_understood_changes_nothing() {
    let mut model = HoldingModel::start().await;
    let workspace = Workspace::new(&[]);
    workspace.configure(&model.pinned());
    let server = Server::start(&workspace).await;

    workspace.configure("[[models]\nid = ");
    hear_of_change(&server, "window/showMessage", "the one from before holds").await;
    let (document, cursor) = server
        .open("src/one.rs", "fn main() {\n    le$0\n}\n")
        .await;
    let request = document.begin_completion(&server.client, cursor).await;
    let request = request.expect("the server reads");
    assert_eq!(model.next(PATIENCE).await, Call::Began);
    let id = json!({"id": request.id()});
    server.notify("$/cancelRequest", id).await;
    let _cancelled = request.answer::<Value>(PATIENCE).await;
    server.end(&[]).await;
}

#[tokio::test]
async fn another_proxy_is_taken_without_a_restart() {
    // A name that nobody resolves: whoever hears of a call is the proxy.
    let through = |proxy: &HoldingModel| {
        let model = proxy
            .pinned()
            .replace(&proxy.address(), "http://model.invalid");
        let price = "price = { input = \"0.30\", output = \"0.90\" }";
        format!(
            "[network]\nproxy = \"{}\"\n{model}{price}\n",
            proxy.address()
        )
    };
    assert_taken_over(through).await;
}
