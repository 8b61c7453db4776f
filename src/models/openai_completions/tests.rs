use crate::domain::{Prompt, Protocol, Snippet};
use crate::models::tests::{pretty, prompt, spec};

use super::*;

fn bytes(prompt: &Prompt, family: Option<&str>) -> String {
    let spec = spec(Protocol::OpenAiCompletions, "http://host");
    let template = family.map(|family| FimTemplate::of(family).expect("a known family"));
    pretty(&body(prompt, &spec, template))
}

#[test]
fn a_prompt_without_a_family_uses_the_suffix_field() {
    insta::assert_snapshot!(bytes(&prompt(), None));
}

#[test]
fn a_prompt_with_a_family_is_rendered_and_stops_at_its_tokens() {
    insta::assert_snapshot!(bytes(&prompt(), Some("qwen2.5-coder")));
}

#[test]
fn a_prompt_without_snippets_and_suffix_is_the_prefix() {
    let bare = Prompt {
        snippets: Vec::<Snippet>::new(),
        suffix: String::new(),
        single_line: false,
        max_output_tokens: 1000,
        ..prompt()
    };
    insta::assert_snapshot!(bytes(&bare, None));
}
