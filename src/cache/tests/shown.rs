//! Which of several answers is given.

use super::*;

/// Returns the text of the answer that is given at a place, from where it was made.
fn given(cache: &AnswerCache, before: &str) -> Option<String> {
    let uri = uri();
    let hit = cache.find(place(&uri, before, ""));
    hit.map(|hit| hit.answer.text)
}

fn keep(cache: &AnswerCache, before: &str, text: &str, offered: bool) -> CompletionId {
    let (uri, answer) = (uri(), answer(text));
    let id = answer.id;
    cache.insert(place(&uri, before, ""), answer, offered);
    id
}

#[test]
fn the_shown_answer_stays_while_it_fits() {
    let cache = AnswerCache::default();
    keep(&cache, "", "abc", true);
    keep(&cache, "a", "bd", false);
    keep(&cache, "", "abcd", false);
    assert_eq!(given(&cache, "a").as_deref(), Some("abc"));
    assert_eq!(given(&cache, "ab").as_deref(), Some("abc"));
}

#[test]
fn a_late_answer_is_given_where_the_shown_one_does_not_fit() {
    let cache = AnswerCache::default();
    keep(&cache, "", "abc", true);
    keep(&cache, "a", "xy", false);
    assert_eq!(given(&cache, "ax").as_deref(), Some("xy"));
    // And it is the shown one now.
    keep(&cache, "ax", "yz", false);
    assert_eq!(given(&cache, "ax").as_deref(), Some("xy"));
}

#[test]
fn a_newer_offer_takes_the_place_of_the_shown_one() {
    let cache = AnswerCache::default();
    keep(&cache, "a", "bcd", true);
    keep(&cache, "", "abc", true);
    assert_eq!(given(&cache, "a").as_deref(), Some("abc"));
}

#[test]
fn without_a_shown_one_the_nearest_place_wins_and_then_the_newest() {
    let cache = AnswerCache::default();
    keep(&cache, "a", "bc1", false);
    keep(&cache, "a", "bc2", false);
    keep(&cache, "", "abc3", false);
    assert_eq!(given(&cache, "ab").as_deref(), Some("bc2"));
}

#[test]
fn what_is_served_is_the_shown_one() {
    let cache = AnswerCache::default();
    let served = keep(&cache, "a", "bc1", false);
    keep(&cache, "a", "bc2", false);
    cache.show(served);
    assert_eq!(given(&cache, "ab").as_deref(), Some("bc1"));
    // One that is gone by now changes nothing.
    cache.show(CompletionId::new(
        crate::domain::Timestamp::from_unix_micros(1),
    ));
    assert_eq!(given(&cache, "ab").as_deref(), Some("bc1"));
}

#[test]
fn accepting_a_word_is_typing_it() {
    let (cache, uri) = (AnswerCache::default(), uri());
    let id = keep(&cache, "let ", "total = a + b;", true);
    let hit = cache.find(place(&uri, "let total ", ""));
    let hit = hit.expect("the rest");
    assert_eq!((hit.answer.id, hit.rest()), (id, "= a + b;"));
}

#[test]
fn a_refused_suggestion_does_not_come_back() {
    let cache = AnswerCache::default();
    let refused = keep(&cache, "a", "bc", true);
    cache.forget(refused);
    assert_eq!(given(&cache, "a"), None);
    assert_eq!(given(&cache, "ab"), None);
}

#[test]
fn refusing_one_answer_leaves_the_others_of_its_place() {
    let cache = AnswerCache::default();
    keep(&cache, "a", "bd", false);
    let refused = keep(&cache, "a", "bc", true);
    cache.forget(refused);
    assert_eq!(given(&cache, "a").as_deref(), Some("bd"));
}
