//! Starts the language server on an input and an output.

use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tower_lsp_server::LspService;

use super::copilot;
use super::drive::{End, drive};
use super::server::Mantle;
use crate::config::{Environment, Paths};

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct Launch {
    /// Where files are.
    pub paths: Paths,
    /// The process' environment.
    pub environment: Environment,
    /// Whether the configuration file was named on the command line.
    pub config_is_required: bool,
}

/// Serves one client; returns whether it left as the protocol wants it.
///
/// Everything recorded is on disk when this returns. Requests that still run when the client is
/// gone are dropped; what their calls have cost is recorded.
pub async fn serve<R, W>(input: R, output: W, launch: Launch) -> bool
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let builder = LspService::build(|client| Mantle::new(client, launch))
        .custom_method("textDocument/inlineCompletion", Mantle::inline_completion)
        .custom_method("textDocument/didShowCompletion", Mantle::did_show)
        .custom_method(
            "textDocument/didPartiallyAcceptCompletion",
            Mantle::did_partially_accept,
        )
        .custom_method("textDocument/didRejectCompletion", Mantle::did_reject)
        .custom_method("mantle/explain", Mantle::explain)
        .custom_method("mantle/indexed", Mantle::indexed);
    let (mut service, socket) = copilot::register(builder).finish();
    let end = drive(
        BufReader::with_capacity(64 << 10, input),
        output,
        &mut service,
        socket,
    )
    .await;
    service.inner().close().await;
    end == End::Orderly
}
