//! A thread that yields to everybody else: the index is never what somebody waits for.

use std::io;
use std::thread;

use tokio::sync::oneshot;

/// Runs work on a thread of its own, at a low priority; `None` when the work panicked or no
/// thread could be had. Dropping the future leaves the work running to its end.
pub async fn on_a_quiet_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (sender, done) = oneshot::channel();
    let thread = thread::Builder::new().name("mantle-index".to_owned());
    let spawned = thread.spawn(move || {
        if let Err(error) = lower_priority() {
            tracing::debug!(%error, "the index runs at normal priority");
        }
        // Nobody waits any more when a session ends in the middle.
        let _ = sender.send(work());
    });
    match spawned {
        Ok(_) => done.await.ok(),
        Err(error) => {
            tracing::error!(%error, "there is no thread for the index");
            None
        }
    }
}

/// On Linux a priority belongs to a thread; elsewhere it would be the whole process'.
#[cfg(target_os = "linux")]
fn lower_priority() -> io::Result<()> {
    // A tenth of what others get where all compete, and all that is left where they do not: at the
    // very lowest a workspace would never be learnt while something is compiled.
    const LOW: i32 = 10;
    let thread = rustix::thread::gettid();
    Ok(rustix::process::setpriority_process(Some(thread), LOW)?)
}

#[cfg(not(target_os = "linux"))]
fn lower_priority() -> io::Result<()> {
    Ok(())
}
