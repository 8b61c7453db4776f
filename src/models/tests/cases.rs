//! A model and a prompt as small as a test needs.

use std::time::Duration;

use crate::domain::{
    ModelId, ModelSpec, PriceSource, Prompt, Protocol, Region, Snippet, Tier, TokenCount,
};
use crate::guard::{Cleared, Guard};

pub(in crate::models) fn spec(protocol: Protocol, base_url: &str) -> ModelSpec {
    ModelSpec {
        id: ModelId::new("m"),
        tier: Tier::OpenSource,
        protocol,
        base_url: base_url.to_owned(),
        model: "qwen2.5-coder-1.5b".to_owned(),
        fim: None,
        region: Some(Region::local()),
        price: PriceSource::Free,
        context_tokens: 4096,
        max_output_tokens: 64,
        first_token_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(10),
        is_canary: false,
        api_key: None,
    }
}

pub(in crate::models) fn prompt() -> Prompt {
    Prompt {
        path: "src/main.rs".to_owned(),
        language: "rust".to_owned(),
        snippets: vec![Snippet {
            path: "src/shape.rs".to_owned(),
            text: "pub fn area(w: u32, h: u32) -> u32;".to_owned(),
        }],
        prefix: "fn main() {\n    let a = ".to_owned(),
        suffix: ";\n}\n".to_owned(),
        single_line: true,
        max_output_tokens: 16,
        input_tokens: TokenCount::new(40),
    }
}

pub(in crate::models) fn cleared() -> Cleared<Prompt> {
    Guard::new().clear(prompt()).0
}

pub(in crate::models) fn pretty(body: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(body).expect("JSON")
}
