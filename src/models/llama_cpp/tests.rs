use proptest::prelude::*;

use crate::domain::{Prompt, Protocol, Usage};
use crate::models::tests::{check_all_splits, check_any, counts, pretty, prompt, read, spec};

use super::*;

fn spec_here() -> ModelSpec {
    spec(Protocol::LlamaCpp, "http://127.0.0.1:8080")
}

#[test]
fn infill_gets_the_current_line_apart() {
    insta::assert_snapshot!(pretty(&infill(&prompt(), &spec_here())));
}

#[test]
fn a_model_without_fim_tokens_gets_snippets_and_prefix_as_one_text() {
    insta::assert_snapshot!(pretty(&prefix_only(&prompt(), &spec_here())));
}

#[test]
fn typing_within_a_line_changes_nothing_before_the_line() {
    let typed = Prompt {
        prefix: prompt().prefix + "area(",
        ..prompt()
    };
    let (spec, before) = (spec_here(), prompt());
    let (before, after) = (infill(&before, &spec), infill(&typed, &spec));
    assert_eq!(before.input_prefix, after.input_prefix);
    assert_eq!(before.input_suffix, after.input_suffix);
    assert_eq!(after.prompt, "    let a = area(");
}

#[test]
fn a_prefix_on_the_first_line_is_all_current_line() {
    let first = Prompt {
        prefix: "let größe".to_owned(),
        ..prompt()
    };
    let spec = spec_here();
    let body = infill(&first, &spec);
    assert_eq!((body.input_prefix, body.prompt), ("", "let größe"));
}

#[test]
fn an_answer_is_read_at_every_split() {
    check_all_splits(
        decode,
        ": ping\n\n\
         data: {\"index\":0,\"content\":\" größe\",\"tokens\":[1],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":1,\"tokens_evaluated\":10}\n\n\
         data: {\"index\":0,\"content\":\" + 1\",\"tokens\":[2],\"stop\":false,\"id_slot\":-1,\"tokens_predicted\":2,\"tokens_evaluated\":10}\n\n\
         data: {\"content\":\"\",\"stop\":true,\"stop_type\":\"limit\",\"tokens_predicted\":2,\"tokens_evaluated\":10,\
         \"tokens_cached\":11,\"timings\":{\"cache_n\":9,\"prompt_n\":1,\"predicted_n\":2}}\n\n",
        (" größe + 1", counts(10, Some(9), 2), Finish::Length),
    );
}

#[test]
fn the_words_of_older_servers_are_understood() {
    check_all_splits(
        decode,
        "data: {\"content\":\"a\",\"stop\":false}\r\n\r\n\
         data: {\"content\":\"\",\"stop\":true,\"stopped_limit\":true,\"tokens_evaluated\":4,\"timings\":{\"predicted_n\":1}}\r\n\r\n",
        ("a", counts(4, None, 1), Finish::Length),
    );
    check_all_splits(
        decode,
        "data: {\"content\":\"a\",\"stop\":true,\"stop_type\":\"eos\"}\n\n",
        ("a", Usage::default(), Finish::Stop),
    );
}

#[test]
fn an_answer_without_its_last_object_keeps_the_usage_so_far() {
    check_all_splits(
        decode,
        "data: {\"content\":\"a\",\"stop\":false,\"tokens_predicted\":1,\"tokens_evaluated\":10}\n\n",
        ("a", counts(10, None, 1), Finish::Length),
    );
}

#[test]
fn an_error_in_the_stream_is_an_error() {
    let (answer, _) = read(
        decode,
        vec![
            b"data: {\"error\":{\"code\":500,\"message\":\"slot\",\"type\":\"server_error\"}}\n\n",
        ],
    );
    assert_eq!(
        answer,
        Err(ModelError::InStream {
            kind: Some("server_error".to_owned()),
            after_text: false
        })
    );
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "(data: |\\{|\"content\":\"a\"|,|\"stop\":(true|false)|\"timings\":|\\}|\n|\n\n){0,6}"
                    .prop_map(String::into_bytes),
            ],
            0..12,
        )
    ) {
        check_any(decode, &pieces)?;
    }
}
