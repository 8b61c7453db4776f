//! The cache against a plain list that is looked through from end to end.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::*;

const PIECES: [&str; 16] = [
    "a", "b", "fo", " ", "    ", "\n", "\n", "\r\n", "(", ")", "{", "}", "\"", "é", "ß", "🦀",
];

/// Texts of few different pieces, so that the same stands in many places.
pub(super) fn text(pieces: Range<usize>) -> impl Strategy<Value = String> {
    vec(select(&PIECES[..]), pieces).prop_map(|pieces| pieces.concat())
}

/// Returns the characters at the end of a text that take at most so many bytes.
fn last(text: &str, bytes: usize) -> &str {
    let starts = text.char_indices().map(|(at, _)| at);
    let start = starts.into_iter().find(|at| text.len() - at <= bytes);
    &text[start.unwrap_or(text.len())..]
}

fn first(text: &str, bytes: usize) -> String {
    let mut first = String::new();
    for character in text.chars() {
        if first.len() + character.len_utf8() > bytes {
            break;
        }
        first.push(character);
    }
    first
}

/// Returns every way to see `now` as `then` with something typed at its end.
fn typings<'n>(then: &str, now: &'n str) -> Vec<&'n str> {
    let last = last(then, 512);
    let borders = (0..=now.len()).rev().filter(|at| now.is_char_boundary(*at));
    borders
        .map(|at| now.split_at(at))
        .filter(|(before, typed)| {
            let agrees = if then.len() < 512 {
                *before == then
            } else {
                before.ends_with(last)
            };
            agrees && typed.len() <= 2_048
        })
        .map(|(_, typed)| typed)
        .collect()
}

/// Returns every way to see `now` as `then` with something closed before it.
fn closings<'n>(then: &str, now: &'n str) -> Vec<&'n str> {
    let then = first(then, 128);
    let borders = (0..=now.len()).filter(|at| now.is_char_boundary(*at) && *at <= 96);
    borders
        .map(|at| now.split_at(at))
        .filter(|(closed, after)| {
            let is_closer = |character: char| ")]}>\"'`".contains(character);
            let is_closed = closed.is_empty()
                || closed.ends_with(is_closer)
                    && closed.chars().all(|c| is_closer(c) || c.is_whitespace());
            is_closed && first(after, 128) == then
        })
        .map(|(closed, _)| closed)
        .collect()
}

pub(super) fn plain_typed_since(then: Place<'_>, now: Place<'_>) -> Option<usize> {
    closings(then.after, now.after).first()?;
    typings(then.before, now.before)
        .first()
        .map(|typed| typed.len())
}

#[derive(Clone, Debug)]
struct Made {
    document: DocumentUri,
    language: String,
    policy: String,
    before: String,
    after: String,
    answer: Answer,
    used: usize,
}

impl Made {
    fn rests(&self, place: Place<'_>) -> Vec<(usize, String)> {
        let scope = (&self.document, self.language.as_str(), self.policy.as_str());
        if scope != (place.document, place.language, place.policy) {
            return Vec::new();
        }
        let mut rests = Vec::new();
        let closings = closings(&self.after, place.after);
        for typed in typings(&self.before, place.before) {
            for closed in &closings {
                let (start, end) = (typed.replace("\r\n", "\n"), closed.replace("\r\n", "\n"));
                let rest = self.answer.text.strip_prefix(start.as_str());
                let rest = rest.and_then(|rest| rest.strip_suffix(end.as_str()));
                if let Some(rest) = rest.filter(|rest| !rest.is_empty()) {
                    rests.push((typed.len(), rest.to_owned()));
                }
            }
        }
        rests
    }
}

#[derive(Debug, Default)]
struct Model {
    made: Vec<Made>,
    shown: Vec<(DocumentUri, CompletionId)>,
    clock: usize,
    capacity: usize,
}

impl Model {
    fn insert(&mut self, place: Place<'_>, answer: Answer, offered: bool) {
        self.clock += 1;
        if offered {
            self.show(place.document, answer.id);
        }
        self.made.push(Made {
            document: place.document.clone(),
            language: place.language.to_owned(),
            policy: place.policy.to_owned(),
            before: place.before.to_owned(),
            after: place.after.to_owned(),
            answer,
            used: self.clock,
        });
        if self.made.len() > self.capacity {
            let used = self.made.iter().map(|made| made.used).min();
            self.made.retain(|made| Some(made.used) != used);
        }
    }

    fn show(&mut self, document: &DocumentUri, id: CompletionId) {
        self.shown.retain(|(known, _)| known != document);
        self.shown.push((document.clone(), id));
    }

    fn find(&mut self, place: Place<'_>) -> Option<(CompletionId, String)> {
        let mut fitting: Vec<(bool, usize, usize, String)> = Vec::new();
        for (number, made) in self.made.iter().enumerate() {
            let is_shown = self
                .shown
                .contains(&(made.document.clone(), made.answer.id));
            for (typed, rest) in made.rests(place) {
                fitting.push((!is_shown, typed, self.made.len() - number, rest));
            }
        }
        // The first of equals stays in front: the least that was closed.
        fitting.sort_by_key(|(shown, typed, age, _)| (*shown, *typed, *age));
        let (_, _, age, rest) = fitting.into_iter().next()?;
        let number = self.made.len() - age;
        self.clock += 1;
        self.made[number].used = self.clock;
        let id = self.made[number].answer.id;
        self.show(place.document, id);
        Some((id, rest))
    }
}

#[derive(Clone, Debug)]
enum Step {
    /// An answer is made here.
    Make { text: String, offered: bool },
    /// Some of an answer's rest is typed, and the editor closes what it ends with.
    Follow {
        answer: Index,
        part: Index,
        closed: String,
    },
    /// Something is typed, whatever was suggested.
    Type(String),
    /// The cursor goes elsewhere.
    Move(Index),
    /// Text far above the cursor changes.
    EditAbove { bytes: usize, text: String },
    /// The other document is looked at.
    Switch,
    /// The language or the rules change.
    Rescope(bool, bool),
    /// An answer is turned down.
    Forget(Index),
    /// The document is closed, and opened again as it is.
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let closed = prop_oneof![
        4 => Just(String::new()),
        2 => select(&[")", "}", "\"", "\n}", "\")"][..]).prop_map(str::to_owned),
    ];
    prop_oneof![
        8 => (text(1..12), any::<bool>()).prop_map(|(text, offered)| Step::Make { text, offered }),
        12 => (any::<Index>(), any::<Index>(), closed)
            .prop_map(|(answer, part, closed)| Step::Follow { answer, part, closed }),
        2 => text(1..3).prop_map(Step::Type),
        1 => any::<Index>().prop_map(Step::Move),
        3 => (400_usize..700, text(0..3)).prop_map(|(bytes, text)| Step::EditAbove { bytes, text }),
        1 => Just(Step::Switch),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(a, b)| Step::Rescope(a, b)),
        2 => any::<Index>().prop_map(Step::Forget),
        1 => Just(Step::Close),
    ]
}

/// Texts as they are: short ones, long ones, and such as have no lines.
fn document() -> impl Strategy<Value = String> {
    prop_oneof![
        text(0..30),
        text(0..1_500),
        text(0..1_500).prop_map(|text| text.replace(['\n', '\r'], "")),
        (0_usize..5_000).prop_map(|bytes| "=".repeat(bytes)),
        text(1..8).prop_map(|text| text.repeat(300)),
    ]
}

struct Open {
    uri: DocumentUri,
    before: String,
    after: String,
}

impl Open {
    fn move_to(&mut self, at: usize) {
        let whole = format!("{}{}", self.before, self.after);
        let mut at = at.min(whole.len());
        while !whole.is_char_boundary(at) {
            at -= 1;
        }
        let (before, after) = whole.split_at(at);
        (self.before, self.after) = (before.to_owned(), after.to_owned());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn the_cache_answers_as_a_plain_list_would(
        texts in [document(), document()],
        at in [any::<Index>(), any::<Index>()],
        steps in vec(step(), 1..40),
        capacity in 2_usize..12,
    ) {
        let cache = AnswerCache::bounded(capacity, usize::MAX);
        let mut model = Model { capacity, ..Model::default() };
        let mut number = 0;
        let mut open = texts.map(|text| {
            number += 1;
            let uri = DocumentUri::new(format!("file:///{number}"));
            Open { uri, before: text, after: String::new() }
        });
        for (document, at) in open.iter_mut().zip(at) {
            document.move_to(at.index(document.before.len() + 1));
        }
        let (mut current, mut language, mut policy) = (0, "rust", "p");
        for step in steps {
            let document = &mut open[current];
            match step {
                Step::Make { text, offered } => {
                    let (before, after) =
                        window(&document.before, &document.after, (BEFORE_WINDOW, AFTER_WINDOW));
                    let uri = &document.uri;
                    let here = Place { document: uri, language, policy, before, after };
                    let answer = answer(&text.replace("\r\n", "\n"));
                    cache.insert(here, answer.clone(), offered);
                    model.insert(here, answer, offered);
                }
                Step::Follow { answer, part, closed } if !model.made.is_empty() => {
                    let text = &answer.get(&model.made).answer.text;
                    let mut end = part.index(text.len() + 1);
                    while !text.is_char_boundary(end) {
                        end -= 1;
                    }
                    document.before.push_str(&text[..end]);
                    document.after.insert_str(0, &closed);
                }
                Step::Forget(answer) if !model.made.is_empty() => {
                    let id = answer.get(&model.made).answer.id;
                    cache.forget(id);
                    model.made.retain(|made| made.answer.id != id);
                }
                Step::Follow { .. } | Step::Forget(_) => {}
                Step::Type(text) => document.before.push_str(&text),
                Step::Move(at) => {
                    let bytes = document.before.len() + document.after.len();
                    document.move_to(at.index(bytes + 1));
                }
                Step::EditAbove { bytes, text } => {
                    let mut at = document.before.len().saturating_sub(bytes);
                    while !document.before.is_char_boundary(at) {
                        at -= 1;
                    }
                    document.before.insert_str(at, &text);
                }
                Step::Switch => current = 1 - current,
                Step::Rescope(c, q) => {
                    language = if c { "c" } else { "rust" };
                    policy = if q { "q" } else { "p" };
                }
                Step::Close => {
                    cache.close(&document.uri);
                    model.made.retain(|made| made.document != document.uri);
                }
            }
            let document = &open[current];
            let (before, after) =
                window(&document.before, &document.after, (BEFORE_WINDOW, AFTER_WINDOW));
            let here = Place { document: &document.uri, language, policy, before, after };
            let hit = cache.find(here).map(|hit| (hit.answer.id, hit.rest().to_owned()));
            prop_assert_eq!(hit, model.find(here));
            prop_assert_eq!(cache.store().len(), model.made.len());
        }
    }

    #[test]
    fn a_hit_is_always_the_rest_of_the_answer(
        before in "\\PC{0,40}", text in "\\PC{1,20}", typed in "\\PC{0,20}", after in "\\PC{0,10}",
    ) {
        let (cache, uri) = (AnswerCache::default(), uri());
        cache.insert(place(&uri, &before, &after), answer(&text), true);
        let now = format!("{before}{typed}");
        if let Some(hit) = cache.find(place(&uri, &now, &after)) {
            let made = &now[..now.len() - hit.typed];
            prop_assert_eq!(format!("{made}{text}"), format!("{now}{}", hit.rest()));
            prop_assert!(!hit.rest().is_empty());
        }
    }

    #[test]
    fn what_is_inserted_ends_as_the_answer_would_have(
        before in text(0..30), text in text(1..12), part in any::<Index>(),
        closed in select(&["", ")", "}", "\"", "\n}", "\"})"][..]), after in text(0..20),
    ) {
        let text = text.replace("\r\n", "\n") + closed;
        let mut part = part.index(text.len() + 1 - closed.len());
        while !text.is_char_boundary(part) {
            part -= 1;
        }
        let (cache, uri) = (AnswerCache::default(), uri());
        cache.insert(place(&uri, &before, &after), answer(&text), true);
        let (now, after_now) = (format!("{before}{}", &text[..part]), format!("{closed}{after}"));
        if let Some(hit) = cache.find(place(&uri, &now, &after_now)) {
            let whole = format!("{now}{}{after_now}", hit.rest());
            prop_assert_eq!(whole, format!("{before}{text}{after}"));
        } else {
            prop_assert_eq!(part + closed.len(), text.len());
        }
    }
}
