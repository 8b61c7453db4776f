//! The `mantle` binary: parses the command line and starts a face.

use std::process::ExitCode;

use mantle_ls::cli::{self, Cli, Task};
use mantle_ls::lsp;

fn main() -> ExitCode {
    let cli = match Cli::from_arguments() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    // The one TLS implementation in the binary; a second call would be refused, and harmless.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            return cli::fail(&anyhow::Error::new(error).context("the runtime did not start"));
        }
    };
    let code = runtime.block_on(async {
        match cli.task() {
            Task::Lsp {
                paths,
                environment,
                config_is_required,
                log,
            } => {
                let launch = lsp::Launch {
                    paths,
                    environment,
                    config_is_required,
                };
                let orderly = lsp::serve(tokio::io::stdin(), tokio::io::stdout(), launch).await;
                drop(log);
                ExitCode::from(u8::from(!orderly))
            }
            Task::Command(command) => command
                .run()
                .await
                .unwrap_or_else(|error| cli::fail(&error)),
        }
    });
    // Standard input is read on a thread that cannot be interrupted: do not wait for it.
    runtime.shutdown_background();
    code
}
