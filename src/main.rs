//! The `mantle` binary: parses the command line and starts a face.

use std::fs::File;
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
                let output = match standard_output() {
                    Ok(output) => output,
                    Err(error) => {
                        let error = anyhow::Error::new(error);
                        return cli::fail(&error.context("standard output is not open"));
                    }
                };
                let orderly = lsp::serve(tokio::io::stdin(), output, launch).await;
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

/// Returns standard output without the line buffer of `std`, which would send a frame in two parts,
/// the second after two more changes of threads: a frame is one write.
fn standard_output() -> std::io::Result<tokio::fs::File> {
    #[cfg(unix)]
    let output = std::os::fd::AsFd::as_fd(&std::io::stdout()).try_clone_to_owned()?;
    #[cfg(windows)]
    let output =
        std::os::windows::io::AsHandle::as_handle(&std::io::stdout()).try_clone_to_owned()?;
    Ok(tokio::fs::File::from_std(File::from(output)))
}
