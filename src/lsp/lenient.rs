//! Requests as clients send them, brought into the form that the router takes.
//!
//! It is strict about `params`: a method with them refuses a request without, and the other way
//! round. Clients are not: Emacs leaves them out, copilot.vim sends `{}` with `shutdown`.

use serde_json::{Value, json};
use tower_lsp_server::jsonrpc::Request;

use super::copilot;

/// Returns the request with the `params` that its method takes.
pub fn settle(request: Request) -> Request {
    let is_shutdown = request.method() == "shutdown";
    let wants_some = request.params().is_none() && copilot::comes_without_params(request.method());
    if !is_shutdown && !wants_some {
        return request;
    }
    let (method, id, params) = request.into_parts();
    let params: Option<Value> = if is_shutdown {
        None
    } else {
        params.or_else(|| Some(json!({})))
    };
    let mut builder = Request::build(method);
    if let Some(params) = params {
        builder = builder.params(params);
    }
    if let Some(id) = id {
        builder = builder.id(id);
    }
    builder.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sent: Value, taken: Value) {
        let request: Request = serde_json::from_value(sent).expect("a request");
        let settled = serde_json::to_value(settle(request)).expect("a request");
        assert_eq!(settled, taken);
    }

    #[test]
    fn shutdown_loses_its_params() {
        check(
            json!({"jsonrpc": "2.0", "method": "shutdown", "params": {}, "id": 3}),
            json!({"jsonrpc": "2.0", "method": "shutdown", "id": 3}),
        );
    }

    #[test]
    fn a_question_about_the_account_gets_params() {
        check(
            json!({"jsonrpc": "2.0", "method": "checkStatus", "id": "a"}),
            json!({"jsonrpc": "2.0", "method": "checkStatus", "params": {}, "id": "a"}),
        );
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        for request in [
            json!({"jsonrpc": "2.0", "method": "initialized"}),
            json!({"jsonrpc": "2.0", "method": "getVersion", "params": {"a": 1}, "id": 1}),
        ] {
            check(request.clone(), request);
        }
    }
}
