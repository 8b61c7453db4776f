//! What teaches, what does not, and what two windows make of one file.

use std::fs;

use super::*;
use crate::domain::{CompletionId, EpisodeId, Evidence, RowId, Timestamp};

const AT: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

fn model() -> ModelId {
    ModelId::new("hosted")
}

fn session() -> Learnt {
    let learnt = Learnt::default();
    learnt.meet([(&model(), "hosted-1")].into_iter());
    learnt
}

fn features() -> Features {
    Features::at_line_end("rust")
}

fn decided(learnt: &Learnt) -> DecisionId {
    let decision = DecisionId::new(AT);
    learnt.remember(decision, (&model(), None), &features());
    decision
}

fn compared(decision: DecisionId, exact_line: bool) -> LedgerEvent {
    LedgerEvent::Match(MatchRow {
        id: RowId::new(AT),
        decision,
        completion: None,
        arm: model(),
        offered: false,
        exact_line,
        prefix_chars: 1,
        candidate_chars: 19,
        confidence: None,
        within_ms: 5,
        at: AT,
    })
}

fn ended(decision: DecisionId, kind: OutcomeKind) -> LedgerEvent {
    LedgerEvent::Outcome(OutcomeRow {
        id: RowId::new(AT),
        completion: CompletionId::new(AT),
        decision,
        episode: EpisodeId::new(AT),
        kind,
        evidence: Evidence::Client,
        weight: 1.0,
        characters: None,
        at: AT,
    })
}

/// How likely an accept is taken to be, as a logit.
fn belief(learnt: &Learnt) -> f64 {
    let vector = crate::routing::encode(&features());
    learnt.with(|estimates| {
        let posterior = estimates.posterior(&model()).expect("it was met");
        posterior.accept(&vector).mean
    })
}

fn lessons(learnt: &Learnt) -> u64 {
    learnt.with(Estimates::lessons)
}

fn fail(learnt: &Learnt, times: usize) {
    for _ in 0..times {
        let decision = decided(learnt);
        learnt.observe(&compared(decision, false));
    }
}

#[test]
fn lines_and_offers_teach_and_what_is_neither_does_not() {
    let learnt = session();
    let start = belief(&learnt);
    let decision = decided(&learnt);
    learnt.observe(&ended(decision, OutcomeKind::Censored));
    learnt.observe(&ended(decision, OutcomeKind::Matched));
    learnt.observe(&ended(decision, OutcomeKind::Offered));
    learnt.observe(&compared(DecisionId::new(AT), true));
    assert_eq!((belief(&learnt), lessons(&learnt)), (start, 0));

    learnt.observe(&compared(decision, true));
    let raised = belief(&learnt);
    assert!(raised > start);
    learnt.observe(&ended(decision, OutcomeKind::Dismissed));
    assert!(belief(&learnt) < raised);
    assert_eq!(lessons(&learnt), 2);
}

#[test]
fn what_is_inferred_is_read_as_this_editor_has_shown_itself() {
    let blunt = Learnt::of(Some("Blunt 1.0"));
    blunt.meet([(&model(), "hosted-1")].into_iter());
    // Half of its accepts are seen in the document.
    blunt.compare((0..400).map(|n| Compared {
        is_accepted: true,
        is_inferred: n % 2 == 0,
    }));
    let of = |client| blunt.with(|known| known.witness().channel(client).sensitivity);
    assert!(of(Some("Blunt 2.0")) < of(Some("Other")));
    let decision = decided(&blunt);
    let sharp = session();
    let elsewhere = decided(&sharp);
    let inferred = |decision| match ended(decision, OutcomeKind::Diverged) {
        LedgerEvent::Outcome(row) => LedgerEvent::Outcome(OutcomeRow {
            evidence: Evidence::Divergence,
            ..row
        }),
        event => event,
    };
    let before = belief(&blunt);
    blunt.observe(&inferred(decision));
    sharp.observe(&inferred(elsewhere));
    // What looks like a refusal says less where accepts are missed.
    assert!(belief(&sharp) < belief(&blunt) && belief(&blunt) < before);
}

#[test]
fn two_windows_share_what_each_has_learnt() {
    let folder = tempfile::tempdir().expect("a folder");
    let (here, there) = (session(), session());
    assert_eq!(here.keep(folder.path(), None).expect("it is kept"), None);
    there.keep(folder.path(), None).expect("it is kept");
    assert!(
        !folder.path().join("estimates.json").exists(),
        "nothing was learnt"
    );

    fail(&here, 30);
    fail(&there, 30);
    let alone = belief(&here);
    here.keep(folder.path(), Some(0.5)).expect("it is kept");
    there.keep(folder.path(), None).expect("it is kept");
    here.keep(folder.path(), None).expect("it is kept");
    assert_eq!((lessons(&here), lessons(&there)), (60, 60));
    assert!(belief(&here) < alone);
    assert!((belief(&here) - belief(&there)).abs() < 1e-6);

    // Saying it again adds nothing, and the next session begins there, at the price of the last.
    here.keep(folder.path(), None).expect("it is kept");
    let next = session();
    assert_eq!(
        next.keep(folder.path(), None).expect("it is read"),
        Some(0.5)
    );
    assert_eq!(lessons(&next), 60);
    assert!((belief(&next) - belief(&here)).abs() < 1e-6);
}

#[test]
fn a_file_of_another_version_is_left_alone_and_the_user_is_told_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("estimates.json");
    fs::write(&path, r#"{"version":99,"anything":[1]}"#).expect("a file");
    let learnt = session();
    fail(&learnt, 3);
    let error = learnt.keep(folder.path(), None).expect_err("it is refused");
    let sentence = error.to_string();
    assert!(
        sentence.contains("format 99") && sentence.contains("Move the file away"),
        "{sentence}"
    );
    let text = fs::read_to_string(&path).expect("it is there");
    assert!(text.contains("99"));
    assert_eq!(
        lessons(&learnt),
        3,
        "the session goes on with what it knows"
    );
}

#[test]
fn a_file_that_makes_no_sense_is_put_aside_and_a_new_one_begun() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("estimates.json");
    for text in ["", "{", r#"{"version":1,"price":0,"estimates":{"arms":3}}"#] {
        fs::write(&path, text).expect("a file");
        let learnt = session();
        fail(&learnt, 3);
        learnt.keep(folder.path(), None).expect("it is kept");
        let aside = fs::read_to_string(path.with_extension("damaged")).expect("it is kept aside");
        assert_eq!(aside, text);
        assert!(
            fs::read_to_string(&path)
                .expect("it is new")
                .contains("hosted-1")
        );
    }
}

#[test]
fn while_another_window_writes_nothing_is_lost() {
    let folder = tempfile::tempdir().expect("a folder");
    let lock = fs::File::create(folder.path().join("estimates.lock")).expect("a file");
    lock.lock().expect("it is free");
    let learnt = session();
    fail(&learnt, 3);
    let busy = learnt.keep(folder.path(), None).expect_err("it is locked");
    assert!(matches!(busy, KeepError::Busy));
    drop(lock);
    learnt.keep(folder.path(), None).expect("it is kept");
    let next = session();
    next.keep(folder.path(), None).expect("it is read");
    assert_eq!(lessons(&next), 3);
}
