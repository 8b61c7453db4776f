//! What is known of the hosts of models, by their names, and of the labs that models come from.
//!
//! A host runs a model, a lab has made it, and a model may be had at many hosts: three things, and
//! the concentration of spend is told for each.

/// What is known of a host.
struct Host {
    domain: &'static str,
    /// Where it runs, where that is one place.
    region: Option<&'static str>,
    /// Whether it bills a closed stream as if it had run to its end.
    bills_closed_in_full: bool,
}

const fn host(domain: &'static str, region: Option<&'static str>, in_full: bool) -> Host {
    Host {
        domain,
        region,
        bills_closed_in_full: in_full,
    }
}

/// Every other host is taken to stop billing when the socket closes. Sources: OpenRouter's page on
/// streaming and cancellation; regions by the hosts' own pages on where data is processed, 2026.
const HOSTS: [Host; 11] = [
    host("mistral.ai", Some("eu"), true),
    host("groq.com", None, true),
    host("googleapis.com", None, true),
    host("amazonaws.com", None, true),
    host("aliyuncs.com", None, true),
    host("sambanova.ai", None, true),
    host("nebius.com", None, true),
    host("perplexity.ai", None, true),
    host("huggingface.co", None, true),
    host("eu.api.openai.com", Some("eu"), false),
    host("deepseek.com", Some("cn"), false),
];

/// The beginnings of models' names, behind whatever stands before the last `/`, and who made them.
const LABS: [(&str, &str); 27] = [
    ("claude", "anthropic"),
    ("gpt", "openai"),
    ("chatgpt", "openai"),
    ("codex", "openai"),
    ("gemini", "google"),
    ("gemma", "google"),
    ("codegemma", "google"),
    ("codestral", "mistral"),
    ("mistral", "mistral"),
    ("mixtral", "mistral"),
    ("devstral", "mistral"),
    ("ministral", "mistral"),
    ("deepseek", "deepseek"),
    ("qwen", "alibaba"),
    ("llama", "meta"),
    ("codellama", "meta"),
    ("starcoder", "bigcode"),
    ("stable-code", "stability"),
    ("mercury", "inception"),
    ("grok", "xai"),
    ("granite", "ibm"),
    ("phi-", "microsoft"),
    ("smollm", "huggingface"),
    ("kimi", "moonshot"),
    ("glm", "zhipu"),
    ("codegeex", "zhipu"),
    ("command", "cohere"),
];

/// Returns whether `host`, with or without a port, bills a call in full that was closed early.
#[must_use]
pub fn bills_cancelled_in_full(host: &str) -> bool {
    find(host).is_some_and(|known| known.bills_closed_in_full)
}

/// Returns where a host runs, with or without a port, if that is known and one place.
#[must_use]
pub fn known_region(host: &str) -> Option<&'static str> {
    find(host)?.region
}

/// Returns the lab that has made a model, by the model's name at its host, if that tells.
#[must_use]
pub fn lab_of(model: &str) -> Option<&'static str> {
    let name = model.rsplit('/').next().unwrap_or(model).to_lowercase();
    // Bedrock writes `anthropic.claude-…`, with a region before it.
    let parts = std::iter::once(name.as_str()).chain(name.rsplit_once('.').map(|(_, last)| last));
    parts
        .flat_map(|part| {
            LABS.iter()
                .filter(move |(start, _)| part.starts_with(start))
        })
        .map(|(_, lab)| *lab)
        .next()
}

fn find(host: &str) -> Option<&'static Host> {
    let name = host.split(':').next().unwrap_or(host);
    HOSTS.iter().find(|known| is_within(name, known.domain))
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

    #[test]
    fn a_region_is_known_where_a_host_is_in_one_place() {
        assert_eq!(known_region("api.mistral.ai"), Some("eu"));
        assert_eq!(known_region("api.deepseek.com"), Some("cn"));
        assert_eq!(known_region("eu.api.openai.com"), Some("eu"));
        assert_eq!(known_region("api.openai.com"), None);
        assert_eq!(known_region("models.example"), None);
    }

    #[test]
    fn a_lab_is_told_by_the_name_of_its_model() {
        for (model, lab) in [
            ("claude-haiku-5-5", Some("anthropic")),
            ("us.anthropic.claude-sonnet-5", Some("anthropic")),
            ("Qwen/Qwen2.5-Coder-7B", Some("alibaba")),
            ("accounts/fireworks/models/starcoder2-3b", Some("bigcode")),
            ("gpt-6-luna", Some("openai")),
            ("our-own-fine-tune", None),
            ("", None),
        ] {
            assert_eq!(lab_of(model), lab, "{model}");
        }
    }
}
