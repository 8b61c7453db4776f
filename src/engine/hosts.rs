//! What is known of the hosts of models, by their names. Pure.

/// Hosts that bill a closed stream as if it had run to its end; every other known host stops
/// billing when the socket closes. Source: OpenRouter's page on streaming and cancellation, 2026.
const BILLS_CANCELLED_IN_FULL: [&str; 9] = [
    "mistral.ai",
    "groq.com",
    "googleapis.com",
    "amazonaws.com",
    "aliyuncs.com",
    "sambanova.ai",
    "nebius.com",
    "perplexity.ai",
    "huggingface.co",
];

/// Returns whether `host`, with or without a port, bills a call in full that was closed early.
pub fn bills_cancelled_in_full(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or(host);
    BILLS_CANCELLED_IN_FULL
        .iter()
        .any(|domain| is_within(name, domain))
}

/// Returns whether `name` is `domain` or a name below it: labels are compared whole, and as DNS
/// compares them, without regard to case or to the root's dot.
fn is_within(name: &str, domain: &str) -> bool {
    let mut labels = name.strip_suffix('.').unwrap_or(name).rsplit('.');
    domain.rsplit('.').all(|wanted| {
        labels
            .next()
            .is_some_and(|label| label.eq_ignore_ascii_case(wanted))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(host: &str, expected: bool) {
        assert_eq!(bills_cancelled_in_full(host), expected, "{host:?}");
    }

    #[test]
    fn a_domain_and_what_is_below_it_are_found() {
        for host in [
            "mistral.ai",
            "api.mistral.ai",
            "codestral.mistral.ai:443",
            "API.Mistral.AI",
            "api.mistral.ai.",
            "bedrock-runtime.eu-west-1.amazonaws.com",
        ] {
            check(host, true);
        }
    }

    #[test]
    fn a_name_that_only_ends_alike_is_another_host() {
        for host in [
            "notmistral.ai",
            "api.notmistral.ai",
            "mistral.ai.example.com",
            "mistral",
            "ai",
            "",
            "api.deepseek.com",
            "127.0.0.1:8080",
            "[::1]:8080",
        ] {
            check(host, false);
        }
    }
}
