use proptest::prelude::*;

use crate::domain::Usage;
use crate::models::tests::{check_all_splits, check_any, counts, read};

use super::*;

#[test]
fn usage_in_a_chunk_of_its_own_is_read_at_every_split() {
    check_all_splits(
        decode,
        ": OPENROUTER PROCESSING\n\n\
         data: {\"choices\":[{\"text\":\"let größe\",\"finish_reason\":null}],\"usage\":null}\n\n\
         data: {\"choices\":[{\"text\":\" = 1;\",\"finish_reason\":\"stop\"}],\"usage\":null}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":4,\
         \"prompt_tokens_details\":{\"cached_tokens\":0}}}\n\n\
         data: [DONE]\n\n",
        ("let größe = 1;", counts(9, Some(0), 4), Finish::Stop),
    );
}

#[test]
fn carriage_returns_comments_and_split_data_lines_are_read_at_every_split() {
    check_all_splits(
        decode,
        ": hello\r\n\r\nevent: completion\r\nid: 7\r\n\
         data: {\"choices\":[{\"text\":\"a\",\r\n\
         data: \"finish_reason\":\"length\"}],\r\n\
         data: \"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}\r\n\r\n\
         : bye\r\n\r\ndata: [DONE]\r\n\r\n",
        ("a", counts(1, None, 1), Finish::Length),
    );
}

#[test]
fn usage_that_comes_twice_is_replaced() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":1}}\n\n\
         data: {\"choices\":[{\"text\":\"b\",\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\n\
         data: [DONE]\n\n",
        ("ab", counts(7, None, 2), Finish::Stop),
    );
}

#[test]
fn an_end_without_done_and_without_usage_leaves_usage_unknown() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\"}]}\n\n",
        ("a", Usage::default(), Finish::Length),
    );
}

#[test]
fn a_last_event_without_a_blank_line_still_counts() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\n\
         data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}",
        ("a", counts(1, None, 1), Finish::Stop),
    );
}

#[test]
fn a_last_event_that_is_cut_off_is_left_out() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"choices\":[],\"usa",
        ("a", Usage::default(), Finish::Length),
    );
}

#[test]
fn what_follows_done_is_left_out() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}]}\n\n\
         data: [DONE]\n\ndata: {\"choices\":[{\"text\":\"b\"}]}\n\n",
        ("a", Usage::default(), Finish::Stop),
    );
}

#[test]
fn counts_that_are_no_counts_are_unknown() {
    check_all_splits(
        decode,
        "data: {\"choices\":[{\"text\":\"a\",\"finish_reason\":\"stop\"}],\
         \"usage\":{\"prompt_tokens\":-1,\"completion_tokens\":\"many\"}}\n\n",
        ("a", Usage::default(), Finish::Stop),
    );
}

#[test]
fn an_error_event_ends_the_answer_and_what_was_heard_stays() {
    let (answer, heard) = read(
        decode,
        vec![b"data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"error\":{\"code\":\"overloaded\"}}\n\n"],
    );
    assert_eq!(
        answer,
        Err(ModelError::InStream {
            kind: Some("overloaded".to_owned()),
            after_text: true
        })
    );
    assert_eq!(heard.joined(), "a");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..40),
                "(data: |\\{\"choices\":\\[|\\{\"text\":\"a\"\\}|\\]\\}|\n|\n\n|\\[DONE\\]|\"usage\":){0,6}"
                    .prop_map(String::into_bytes),
            ],
            0..12,
        )
    ) {
        check_any(decode, &pieces)?;
    }
}
