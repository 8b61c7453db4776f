//! What the benches share: which machine this is, what a process takes, and how figures are written.

#![allow(dead_code, reason = "each bench uses its own part of this")]

use std::fs;
use std::path::Path;
use std::time::Duration;

use mantle_ls::cli::lsp_client::LspClient;

/// The day of the run, for tables.
#[allow(
    clippy::disallowed_methods,
    reason = "a table says when it was measured"
)]
pub fn today() -> time::Date {
    time::OffsetDateTime::now_utc().date()
}

/// The processor, its cores, and how busy it has been for the last minute.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find(|line| line.starts_with("model name"))
        .and_then(|line| line.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    format!("{model}, {cores} cores, load {}", load())
}

/// The load of the last minute, as the system writes it.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("?").to_owned()
}

/// Figures of a debug build must not be taken for those of a release.
pub fn build() -> &'static str {
    if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    }
}

/// Reads a figure of the server's memory in MiB; zero where there is no `/proc`.
pub fn memory(client: &LspClient, figure: &str) -> f64 {
    let Some(id) = client.process_id() else {
        return 0.0;
    };
    let status = fs::read_to_string(Path::new("/proc").join(id.to_string()).join("status"));
    let kib = status.ok().and_then(|status| {
        let line = status.lines().find(|line| line.starts_with(figure))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    });
    kib.unwrap_or(0.0) / 1024.0
}

/// The nearest-rank quantile of spans that are sorted and not empty.
pub fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted[rank - 1]
}

/// A span as the tables write it.
pub fn milliseconds(span: Duration) -> String {
    format!("{:.2} ms", span.as_secs_f64() * 1e3)
}
