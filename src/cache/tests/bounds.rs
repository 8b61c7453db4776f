//! That the cache stays small, and is one cache for all who hold it.

use super::*;

fn is_known(cache: &AnswerCache, document: &DocumentUri, before: &str) -> bool {
    cache.find(place(document, before, "")).is_some()
}

#[test]
fn the_answer_that_was_not_used_for_the_longest_time_goes_first() {
    let (cache, uri) = (AnswerCache::bounded(2, usize::MAX), uri());
    cache.insert(place(&uri, "one", ""), answer("."), true);
    cache.insert(place(&uri, "two", ""), answer("."), true);
    assert!(is_known(&cache, &uri, "one"));
    cache.insert(place(&uri, "three", ""), answer("."), true);
    let known = ["one", "two", "three"].map(|before| is_known(&cache, &uri, before));
    assert_eq!(known, [true, false, true]);
}

#[test]
fn long_answers_push_others_out() {
    let (cache, uri) = (AnswerCache::bounded(usize::MAX, 10_000), uri());
    cache.insert(place(&uri, "one", ""), answer("."), true);
    cache.insert(place(&uri, "two", ""), answer(&"x".repeat(9_000)), true);
    assert!(!is_known(&cache, &uri, "one"));
    assert!(is_known(&cache, &uri, "two"));
    cache.insert(place(&uri, "three", ""), answer(&"x".repeat(10_000)), true);
    assert!(!is_known(&cache, &uri, "three"));
    let store = cache.store();
    assert_eq!((store.len(), store.bytes()), (0, 0));
}

#[test]
fn places_that_look_alike_do_not_crowd_a_document() {
    let (cache, uri) = (AnswerCache::default(), uri());
    cache.insert(place(&uri, "one", ""), answer("x"), true);
    for number in 0..100 {
        let text = format!("{number}");
        cache.insert(place(&uri, "", ""), answer(&text), true);
    }
    assert!(cache.store().len() < 20);
    assert!(is_known(&cache, &uri, "one"));
    let hit = cache.find(place(&uri, "", ""));
    assert_eq!(hit.as_ref().map(Hit::rest), Some("99"));
}

#[test]
fn one_id_has_one_answer() {
    let (cache, uri) = (AnswerCache::default(), uri());
    let once = answer("x");
    cache.insert(place(&uri, "one", ""), once.clone(), true);
    cache.insert(place(&uri, "two", ""), once.clone(), true);
    assert!(!is_known(&cache, &uri, "one"));
    assert!(is_known(&cache, &uri, "two"));
    cache.forget(once.id);
    assert_eq!(cache.store().len(), 0);
}

#[test]
fn a_closed_document_leaves_nothing_behind() {
    let (cache, uri) = (AnswerCache::default(), uri());
    let other = DocumentUri::new("file:///b.rs");
    cache.insert(place(&uri, "a\nb", ""), answer("x"), true);
    cache.insert(place(&uri, "a\nbc", ""), answer("x"), false);
    cache.insert(place(&other, "a", ""), answer("x"), true);
    let bytes = cache.store().bytes();
    cache.close(&uri);
    assert!(!is_known(&cache, &uri, "a\nb"));
    assert!(is_known(&cache, &other, "a"));
    let store = cache.store();
    assert_eq!(store.len(), 1);
    assert!(store.bytes() < bytes / 2);
}

#[test]
fn clones_share_their_answers_on_every_thread() {
    fn is_shared<T: Send + Sync + Clone>(_: &T) {}
    let (cache, uri) = (AnswerCache::default(), uri());
    is_shared(&cache);
    cache
        .clone()
        .insert(place(&uri, "a", ""), answer("b"), true);
    assert!(is_known(&cache, &uri, "a"));
}
