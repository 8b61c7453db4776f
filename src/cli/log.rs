//! The log: a file that rotates for the language server, standard error for commands.

use std::path::Path;

use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// How many days of logs are kept.
const DAYS: usize = 7;

/// How many lines may wait for the disk; more are dropped. The default holds 4 MiB for them.
const WAITING_LINES: usize = 4_096;

/// Keeps the log's writer alive; dropping it writes what is left.
#[derive(Debug, Default)]
pub struct LogGuard {
    _writer: Option<WorkerGuard>,
}

/// Logs into `folder`, a file a day. Ids, sizes, durations and reasons go into it, never text.
///
/// A folder that cannot be written is not worth failing for: one line on standard error, which
/// editors show in their own log, and the session goes on without.
pub fn to_folder(folder: &Path, level: tracing::Level) -> LogGuard {
    // The appender looks for old files before it makes the folder.
    let _ = std::fs::create_dir_all(folder);
    let file = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("mantle")
        .filename_suffix("log")
        .max_log_files(DAYS)
        .build(folder);
    match file {
        Ok(file) => {
            let (writer, guard) = NonBlockingBuilder::default()
                .buffered_lines_limit(WAITING_LINES)
                .finish(file);
            let layer = tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .with_ansi(false);
            start(level, layer);
            LogGuard {
                _writer: Some(guard),
            }
        }
        Err(error) => {
            eprintln!(
                "mantle: no log is written, {} cannot be: {error}",
                folder.display()
            );
            to_stderr(level);
            LogGuard::default()
        }
    }
}

/// Logs warnings and worse to standard error.
pub fn to_stderr(level: tracing::Level) {
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time();
    start(level, layer);
}

fn start<L>(level: tracing::Level, layer: L)
where
    L: tracing_subscriber::Layer<tracing_subscriber::Registry> + Send + Sync,
{
    // A second start in one process (tests) keeps the first.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter_level(level))
        .try_init();
}

trait WithFilterLevel<S>: Sized {
    fn with_filter_level(
        self,
        level: tracing::Level,
    ) -> tracing_subscriber::filter::Filtered<Self, LevelFilter, S>;
}

impl<S, L> WithFilterLevel<S> for L
where
    S: tracing::Subscriber,
    L: tracing_subscriber::Layer<S>,
{
    fn with_filter_level(
        self,
        level: tracing::Level,
    ) -> tracing_subscriber::filter::Filtered<Self, LevelFilter, S> {
        tracing_subscriber::Layer::with_filter(self, LevelFilter::from_level(level))
    }
}
