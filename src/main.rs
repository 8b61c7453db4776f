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
    // One thread carries every message from the editor to the model and back: handing them over to
    // another one costs more than most of the work. What takes long runs on threads of its own.
    let runtime = tokio::runtime::Builder::new_current_thread()
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
                let streams = lsp::standard_input().and_then(|input| {
                    let output = lsp::standard_output()?;
                    Ok((input, output))
                });
                let (input, output) = match streams {
                    Ok(streams) => streams,
                    Err(error) => {
                        let error = anyhow::Error::new(error);
                        return cli::fail(
                            &error.context("standard input or standard output is not open"),
                        );
                    }
                };
                let orderly = lsp::serve(input, output, launch).await;
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
