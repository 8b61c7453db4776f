//! What differs between the ways in which models are spoken to, as far as the path of a completion
//! sees it.

use super::*;
use crate::context::INSTRUCTION_TOKENS;

#[tokio::test]
async fn thoughts_that_nobody_reported_are_paid_for_like_text() {
    let failed = ModelError::InStream {
        kind: None,
        after_text: false,
    };
    let input = Usage {
        input_total: Some(TokenCount::new(1_000)),
        ..Usage::default()
    };
    let thought = "x".repeat(300);
    let script = Script::new().usage(input).thought(&thought).fail(failed);
    let desk = Desk::new(Policy::default(), vec![(spec("m", Some("0.30")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    desk.complete(cursor).await;
    // 1,000 tokens that were told and 300 bytes, about 100 tokens, at 0.30 USD per million.
    assert_eq!(desk.totals().await.cost_pico(), Some(330_000_000));
}

#[tokio::test]
async fn a_chat_is_shown_the_name_that_was_begun_and_counts_its_instruction() {
    let mut prompts = Vec::new();
    for protocol in [Protocol::Scripted, Protocol::OpenAiChat] {
        let model = ModelSpec {
            protocol,
            ..spec("m", None)
        };
        let script = Script::answer("ice();");
        let log = script.log();
        let desk = Desk::new(Policy::default(), vec![(model, script)]).await;
        let cursor = desk.open("let total = order.pr$0\n");
        desk.complete(cursor).await;
        prompts.push(log.prompts().pop().expect("a call"));
    }
    assert!(prompts[0].prefix.ends_with("order."), "taken back");
    assert!(prompts[1].prefix.ends_with("order.pr"), "shown");
    let more = prompts[1].input_tokens.get() - prompts[0].input_tokens.get();
    assert!(more >= INSTRUCTION_TOKENS, "{more}");
}
