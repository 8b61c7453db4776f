//! Four of our protocols against LiteLLM's proxy in front of the real llama.cpp server: a second
//! hand at the formats of OpenAI and Anthropic, whose own servers no test can reach.

#![cfg(feature = "peers")]

#[path = "peers/litellm/proxy.rs"]
mod proxy;
#[path = "peers/llama/server.rs"]
#[allow(dead_code, reason = "each test uses its own part of this")]
mod server;

use std::time::Duration;

use mantle_ls::domain::{
    ModelId, ModelSpec, PriceSource, Prompt, Protocol, Region, Tier, TokenCount,
};
use mantle_ls::guard::{Cleared, Guard};
use mantle_ls::models::{Clients, Collected, Model, ModelError, SecretString};

use proxy::{KEY, Proxy};
use server::LlamaServer;

fn model(proxy: &Proxy, protocol: Protocol, key: &str) -> Model {
    let name = match protocol {
        Protocol::OpenAiCompletions => "smol-text",
        _ => "smol",
    };
    let spec = ModelSpec {
        id: ModelId::new("smol"),
        tier: Tier::OpenSource,
        protocol,
        base_url: proxy.base_url(),
        model: name.to_owned(),
        fim: None,
        region: Some(Region::local()),
        price: PriceSource::Free,
        context_tokens: 2048,
        max_output_tokens: 24,
        first_token_timeout: Duration::from_secs(60),
        idle_timeout: Duration::from_secs(60),
        is_canary: false,
        api_key: None,
    };
    Model::new(spec, Some(SecretString::from(key)), &Clients::new()).expect("a usable model")
}

fn prompt() -> Cleared<Prompt> {
    let prompt = Prompt {
        path: "src/shapes.py".to_owned(),
        language: "python".to_owned(),
        snippets: Vec::new(),
        prefix: "def area(width, height):\n    return".to_owned(),
        suffix: "\n\nprint(area(2, 3))\n".to_owned(),
        single_line: false,
        max_output_tokens: 24,
        input_tokens: TokenCount::new(40),
    };
    Guard::new().clear(prompt).0
}

const SPOKEN: [Protocol; 4] = [
    Protocol::OpenAiCompletions,
    Protocol::OpenAiChat,
    Protocol::OpenAiResponses,
    Protocol::Anthropic,
];

#[tokio::test]
async fn every_format_that_the_proxy_serves_is_read_with_its_usage() {
    let server = LlamaServer::start();
    let proxy = Proxy::start(&server.base_url());
    let mut totals = Vec::new();
    for protocol in SPOKEN {
        let mut heard = Collected::default();
        let answer = model(&proxy, protocol, KEY)
            .complete(prompt(), &mut heard)
            .await
            .unwrap_or_else(|error| panic!("{protocol}: {error}"));
        println!("{protocol}: {:?} {:?}", answer.text, answer.usage);
        assert_eq!(answer.text, heard.joined(), "{protocol}");
        assert_eq!(answer.usage, heard.usage, "{protocol}");
        let input = answer.usage.input_total.expect("the input is counted");
        let output = answer.usage.output_total.expect("the output is counted");
        assert!((1..=24).contains(&output.get()), "{protocol}: {output:?}");
        assert!(
            answer.usage.cache_read.unwrap_or_default() <= input,
            "{protocol}: {:?}",
            answer.usage
        );
        totals.push((protocol, input.get()));
    }
    // The three chats send the same words to the same model, and count its prompt alike, whether
    // the format counts what was cached in it or beside it.
    let chats: Vec<u64> = totals[1..].iter().map(|(_, input)| *input).collect();
    let (least, most) = (chats.iter().min(), chats.iter().max());
    let spread = most.zip(least).map(|(most, least)| most - least);
    assert!(spread.is_some_and(|spread| spread <= 8), "{totals:?}");
}

#[tokio::test]
async fn a_wrong_key_is_a_refusal_in_every_format() {
    let server = LlamaServer::start();
    let proxy = Proxy::start(&server.base_url());
    for protocol in SPOKEN {
        let error = model(&proxy, protocol, "sk-wrong")
            .complete(prompt(), &mut Collected::default())
            .await
            .expect_err("the key is wrong");
        println!("{protocol}: {error}");
        let ModelError::Status { status, .. } = error else {
            panic!("{protocol}: {error}");
        };
        assert!((400..=403).contains(&status), "{protocol}: {status}");
    }
}

#[tokio::test]
async fn a_probe_finds_the_models_behind_the_proxy() {
    let server = LlamaServer::start();
    let proxy = Proxy::start(&server.base_url());
    for protocol in SPOKEN {
        let probe = model(&proxy, protocol, KEY).probe().await;
        let probe = probe.unwrap_or_else(|error| panic!("{protocol}: {error}"));
        println!("{protocol}: {probe:?}");
        assert!(probe.model.is_some_and(|name| name.starts_with("smol")));
        assert!(!probe.message.contains("does not list"), "{protocol}");
    }
}
