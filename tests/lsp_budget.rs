//! The month's budget as an editor meets it: paid models answer until it is spent, and nobody sees
//! an error.

mod support;

use mantle_ls::cli::lsp_client::wire::InlineCompletionItem;
use serde_json::{Value, json};
use support::faulty_model::{Fault, FaultyModel};
use support::{PATIENCE, Server, Workspace};

/// A model whose answers are billed at 1,000 dollars per million tokens: 128 at the most, 12.8
/// cents, and five in truth.
fn configure(workspace: &Workspace, margin: &str, model: &FaultyModel) {
    workspace.configure(&format!(
        "[margin]\n{margin}\n[[models]]\nid = \"dear\"\ntier = \"premium\"\n\
         protocol = \"openai-completions\"\nbase_url = \"http://127.0.0.1:{}\"\n\
         price = {{ input = \"0\", output = \"1000\" }}\n",
        model.port
    ));
}

/// Asks where the embedded model is not sure.
async fn ask(server: &Server, file: &str) -> Option<InlineCompletionItem> {
    let text = "fn main() {\n    let total = $0\n}\n";
    let (document, cursor) = server.open(file, text).await;
    let item = server.complete(&document, cursor).await;
    let closed = document.close(&server.client).await;
    closed.expect("the server reads");
    item
}

async fn hear_warning(server: &Server, sentence: &str) {
    let warns = |status: &Value| {
        let message = status["message"].as_str();
        status["state"] == json!("warning")
            && message.is_some_and(|message| message.contains(sentence))
    };
    let heard = server.client.wait_for("mantle/status", warns, PATIENCE);
    let _status: Value = heard.await.expect("the status warns");
}

#[tokio::test]
async fn a_budget_that_is_spent_in_the_session_leaves_the_embedded_model() {
    let model = FaultyModel::start(Fault::None).await;
    let workspace = Workspace::where_the_embedded_model_is_sure();
    // Less the reserve 4.099 dollars: a thirty-second covers one call, and no second one.
    configure(&workspace, "own_budget = \"4.12\"", &model);
    let server = Server::start(&workspace).await;
    // Until the ledger was read, nobody is asked.
    let mut first = None;
    while first.is_none() {
        first = ask(&server, "src/first.rs").await;
    }
    assert_eq!(model.calls(), 1);
    assert!(ask(&server, "src/second.rs").await.is_none());
    hear_warning(&server, "budget of this month is spent").await;
    server.assert_completes().await;
    server.end(&[]).await;

    // Another session knows it from the ledger.
    let server = Server::start(&workspace).await;
    let ask_on = async {
        while ask(&server, "src/third.rs").await.is_none() {}
        panic!("a call was made beyond the budget");
    };
    tokio::select! {
        () = hear_warning(&server, "budget of this month is spent") => {}
        () = ask_on => {}
    }
    server.assert_completes().await;
    server.end(&[]).await;
    assert_eq!(model.calls(), 1);
    let totals = workspace.report()["totals"].clone();
    assert_eq!(totals["calls"], json!(1), "{totals}");
    assert_eq!(totals["cost_usd"], json!("0.005000"), "{totals}");
}

#[tokio::test]
async fn a_target_that_cannot_be_met_is_said_and_nothing_paid_is_called() {
    let model = FaultyModel::start(Fault::None).await;
    let workspace = Workspace::where_the_embedded_model_is_sure();
    configure(&workspace, "target = 0.8\nseat_price = \"0.00\"", &model);
    let server = Server::start(&workspace).await;
    hear_warning(&server, "a margin of 80 % cannot be met").await;
    for file in ["src/one.rs", "src/two.rs"] {
        assert!(ask(&server, file).await.is_none());
    }
    server.assert_completes().await;
    server.end(&[]).await;
    assert_eq!(model.calls(), 0);
    assert_eq!(workspace.report()["totals"]["calls"], json!(0));
}
