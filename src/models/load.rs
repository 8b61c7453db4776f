//! How busy a server of our own is, from the page that it keeps for Prometheus.
//!
//! Both kinds of servers tell how many requests they work on at this moment, as a gauge. Their
//! counters of seconds are not used: with several requests at once they run faster than the clock.
//! Sources: llama.cpp's `tools/server/README.md`, `GET /metrics`; vLLM's *Production Metrics*.

use super::server::Server;
use super::{ModelError, exchange};

/// The gauges of requests that are worked on: llama.cpp's and vLLM's.
const RUNNING: [&str; 2] = ["llamacpp:requests_processing", "vllm:num_requests_running"];

/// Asks a server how many requests it works on.
pub(super) async fn of(server: &Server) -> Result<u32, ModelError> {
    let request = server.get("/metrics").await?;
    let page = match exchange::probe_bytes(request, server.host()).await {
        // llama.cpp's answer without the option is 501, that of others 404.
        Err(ModelError::Status {
            status: 404 | 501, ..
        }) => {
            return Err(ModelError::Unusable {
                why: format!(
                    "{} does not tell how busy it is; start llama.cpp's server with --metrics",
                    server.host()
                ),
            });
        }
        page => page?,
    };
    running(&String::from_utf8_lossy(&page)).ok_or(ModelError::Garbled {
        why: "it is no page of metrics of llama.cpp or vLLM",
    })
}

/// Adds up the gauge of a page, which has one line per model and engine.
fn running(page: &str) -> Option<u32> {
    let samples: Vec<f64> = page.lines().filter_map(sample).collect();
    let sum: f64 = samples.iter().sum();
    // More than a server ever has at once would be another gauge.
    (!samples.is_empty() && (0.0..1e6).contains(&sum)).then_some(sum as u32)
}

/// Returns the value of a line such as `vllm:num_requests_running{engine="0"} 2.0`.
fn sample(line: &str) -> Option<f64> {
    let rest = RUNNING.iter().find_map(|name| line.strip_prefix(name))?;
    let value = match rest.strip_prefix('{') {
        // A label may hold anything but an unescaped quote; what follows the last brace is ours.
        Some(labels) => labels.rsplit_once('}')?.1,
        None => rest,
    };
    if !value.starts_with([' ', '\t']) {
        return None;
    }
    value.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_either_kind_tells_how_many_requests_run() {
        let llama = "# HELP llamacpp:requests_processing Number of requests processing.\n\
                     # TYPE llamacpp:requests_processing gauge\n\
                     llamacpp:requests_processing 3\n\
                     llamacpp:requests_deferred 7\n";
        assert_eq!(running(llama), Some(3));
        let vllm = "# TYPE vllm:num_requests_running gauge\n\
                    vllm:num_requests_running{engine=\"0\",model_name=\"a} 9\"} 2.0\n\
                    vllm:num_requests_running{engine=\"1\",model_name=\"a\"} 1.0 1700000000000\n\
                    vllm:num_requests_running_by_lora{model_name=\"a\"} 5.0\n";
        assert_eq!(running(vllm), Some(3));
        let idle = "llamacpp:requests_processing 0\n";
        assert_eq!(running(idle), Some(0));
    }

    #[test]
    fn another_page_is_not_taken_for_an_idle_server() {
        assert_eq!(running(""), None);
        assert_eq!(running("<html>llamacpp:requests_processing 1</html>"), None);
        assert_eq!(running("llamacpp:requests_processing NaN\n"), None);
        assert_eq!(running("llamacpp:requests_processing\n"), None);
    }
}
