//! Clocks, spreads and memory.

use std::fs;

/// Runs `work`; returns the seconds of processor time it took and what it gave.
pub fn cpu<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let before = seconds();
    let result = std::hint::black_box(work());
    (seconds() - before, result)
}

/// Returns the processor time of this thread.
#[cfg(unix)]
fn seconds() -> f64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
}

/// Returns the time on the clock: the processor's is not to be had.
#[cfg(not(unix))]
fn seconds() -> f64 {
    use std::sync::LazyLock;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_secs_f64()
}

/// Returns the memory that the process has from the system, in MiB; 0 where nobody says.
pub fn resident_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}

/// Many times of one thing, in seconds.
#[derive(Default)]
pub struct Spread(Vec<f64>);

impl Spread {
    pub fn add(&mut self, seconds: f64) {
        self.0.push(seconds);
    }

    pub fn print(&mut self, name: &str) {
        self.0.sort_by(f64::total_cmp);
        let micros = |share: f64| self.0[((self.0.len() - 1) as f64 * share) as usize] * 1e6;
        println!(
            "{name}: p50 {:.0} p99 {:.0} max {:.0} µs",
            micros(0.5),
            micros(0.99),
            micros(1.0)
        );
    }
}

/// Mixes a text into a digest.
pub fn mix(digest: &mut u64, text: &str) {
    for byte in text.bytes() {
        *digest = (*digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
}
