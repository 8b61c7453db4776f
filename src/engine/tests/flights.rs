//! Keys that come while a call runs: who attaches, who closes it, who is served in the end.

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::super::flight::ADOPTION;
use super::super::patience::Agreement;
use super::*;
use crate::documents::{Position, PositionEncoding, TextEdit};
use crate::models::ScriptLog;

const ANSWER: &str = "total(prices);";
const KEY: Duration = Duration::from_millis(60);

/// A file with one line to type in, and a model that answers from a script.
async fn desk(script: Script) -> (Desk, ByteOffset, ScriptLog) {
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("slow", None), script)]).await;
    let cursor = desk.open("fn main() {\n    let x = $0\n}\n");
    (desk, cursor, log)
}

/// Answers all at once after a while, as a server without streaming does.
fn slow(millis: u64) -> Script {
    Script::new()
        .wait(Duration::from_millis(millis))
        .text(ANSWER)
}

impl Desk {
    /// Types into the line of the cursor.
    fn type_text(&self, cursor: ByteOffset, text: &str) -> ByteOffset {
        let snapshot = self.engine.documents().snapshot(&self.uri);
        let snapshot = snapshot.expect("it is open");
        let at = snapshot.position(cursor, PositionEncoding::Utf8);
        let edit = TextEdit {
            range: Some(Position::new(at.line, at.character)..at),
            text: text.to_owned(),
        };
        self.engine
            .change(
                &self.uri,
                snapshot.version + 1,
                &[edit],
                PositionEncoding::Utf8,
            )
            .expect("it is open");
        ByteOffset::new(cursor.get() + text.len())
    }

    fn ask(&self, cursor: ByteOffset) -> JoinHandle<Answer> {
        let (engine, request) = (Arc::clone(&self.engine), self.request(cursor));
        tokio::spawn(async move { engine.complete(request).await })
    }
}

/// Lets the call grow old enough that it is worth waiting for.
async fn age() -> Instant {
    let began = Instant::now();
    sleep(Duration::from_millis(20)).await;
    began
}

/// Lets everything run that can run without time passing.
async fn settle(log: &ScriptLog, calls: usize) {
    while log.calls() < calls {
        tokio::task::yield_now().await;
    }
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

async fn end(asked: JoinHandle<Answer>) -> Answer {
    asked.await.expect("no panic")
}

#[tokio::test(start_paused = true)]
async fn keys_that_agree_are_one_call() {
    let (desk, mut cursor, log) = desk(slow(300)).await;
    let mut asked = vec![desk.ask(cursor)];
    settle(&log, 1).await;
    let first = Instant::now();
    for key in ["t", "o", "t", "a"] {
        sleep(KEY).await;
        cursor = desk.type_text(cursor, key);
        asked.push(desk.ask(cursor));
        settle(&log, 1).await;
    }
    let last = served(end(asked.pop().expect("the last")).await);
    assert_eq!(last.candidate.text, "l(prices);");
    assert_eq!(first.elapsed(), Duration::from_millis(300));
    for older in asked {
        assert_eq!(end(older).await, Answer::Nothing(Nothing::Superseded));
    }
    assert_eq!((log.calls(), log.abandoned()), (1, 0));
    let totals = desk.totals().await;
    // The first key decided, the last was served from its call, the others were superseded.
    assert_eq!((totals.requests, totals.calls, totals.offered), (5, 1, 1));
    assert_eq!((totals.cache_hits, totals.suppressed), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn keys_that_cancel_the_older_request_are_one_call_too() {
    let (desk, mut cursor, log) = desk(slow(300)).await;
    let mut asked = desk.ask(cursor);
    settle(&log, 1).await;
    for key in ["t", "o", "t", "a"] {
        sleep(KEY).await;
        cursor = desk.type_text(cursor, key);
        asked.abort();
        settle(&log, 1).await;
        // The editor asks again a moment after it has cancelled.
        sleep(Duration::from_millis(50)).await;
        asked = desk.ask(cursor);
        settle(&log, 1).await;
    }
    assert_eq!(served(end(asked).await).candidate.text, "l(prices);");
    assert_eq!((log.calls(), log.abandoned()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_key_that_contradicts_the_stream_closes_the_call() {
    let script = Script::new().text("total").hang().then().text("max(1);");
    let (desk, cursor, log) = desk(script).await;
    let older = desk.ask(cursor);
    settle(&log, 1).await;
    let cursor = desk.type_text(cursor, "ma");
    let newer = served(desk.complete(cursor).await);
    assert_eq!(newer.candidate.text, "x(1);");
    assert_eq!(end(older).await, Answer::Nothing(Nothing::Superseded));
    assert_eq!((log.calls(), log.abandoned()), (2, 1));
    assert_eq!(desk.totals().await.calls, 2);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_turns_against_what_was_typed_is_left_when_it_does() {
    let script = Script::new()
        .wait(Duration::from_millis(100))
        .text("total")
        .hang()
        .then()
        .text("maximum();");
    let (desk, cursor, log) = desk(script).await;
    let _older = desk.ask(cursor);
    settle(&log, 1).await;
    let began = age().await;
    let cursor = desk.type_text(cursor, "ma");
    assert_eq!(
        served(desk.complete(cursor).await).candidate.text,
        "ximum();"
    );
    assert_eq!(began.elapsed(), Duration::from_millis(100));
    assert_eq!((log.calls(), log.abandoned()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_request_elsewhere_closes_the_call_and_makes_its_own() {
    let script = Script::new().hang().then().text("1;");
    let (desk, cursor, log) = desk(script).await;
    let _older = desk.ask(cursor);
    settle(&log, 1).await;
    let elsewhere = desk.complete(ByteOffset::new(0)).await;
    assert_eq!(served(elsewhere).candidate.text, "1;");
    assert_eq!((log.calls(), log.abandoned()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_closes_its_call_at_once() {
    let (desk, cursor, log) = desk(slow(300)).await;
    let asked = desk.ask(cursor);
    settle(&log, 1).await;
    let began = Instant::now();
    asked.abort();
    settle(&log, 1).await;
    assert_eq!((log.abandoned(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_after_an_edit_elsewhere_closes_the_call_at_once() {
    let (desk, cursor, log) = desk(slow(300)).await;
    let asked = desk.ask(cursor);
    settle(&log, 1).await;
    let began = Instant::now();
    desk.type_text(ByteOffset::new(0), "// ");
    asked.abort();
    settle(&log, 1).await;
    assert_eq!((log.abandoned(), began.elapsed()), (1, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_nobody_takes_over_is_closed_soon() {
    let (desk, cursor, log) = desk(slow(300)).await;
    let asked = desk.ask(cursor);
    settle(&log, 1).await;
    desk.type_text(cursor, "t");
    asked.abort();
    sleep(ADOPTION - Duration::from_millis(1)).await;
    settle(&log, 1).await;
    assert_eq!(log.abandoned(), 0);
    sleep(Duration::from_millis(2)).await;
    settle(&log, 1).await;
    assert_eq!(log.abandoned(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_is_kept_for_the_next_key() {
    let (desk, cursor, log) = desk(slow(50)).await;
    let asked = desk.ask(cursor);
    settle(&log, 1).await;
    let cursor = desk.type_text(cursor, "to");
    asked.abort();
    sleep(Duration::from_secs(1)).await;
    let late = served(desk.complete(cursor).await);
    assert_eq!(late.candidate.text, "tal(prices);");
    assert_eq!((log.calls(), log.abandoned()), (1, 0));
    let totals = desk.totals().await;
    assert_eq!((totals.offered, totals.cache_hits), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_silent_call_does_not_hold_the_later_keys_for_ever() {
    let mut hung = spec("slow", None);
    hung.first_token_timeout = Duration::from_secs(60);
    let script = Script::new().hang().then().text("total;");
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(hung, script)]).await;
    let cursor = desk.open("let x = $0\n");
    let _older = desk.ask(cursor);
    settle(&log, 1).await;
    let began = age().await;
    let cursor = desk.type_text(cursor, "t");
    assert_eq!(served(desk.complete(cursor).await).candidate.text, "otal;");
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert_eq!(log.abandoned(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failed_call_is_not_the_end_for_who_attached_to_it() {
    let script = Script::new()
        .wait(Duration::from_millis(80))
        .fail(ModelError::Loading)
        .then()
        .text("otal;");
    let (desk, cursor, log) = desk(script).await;
    let older = desk.ask(cursor);
    settle(&log, 1).await;
    age().await;
    let cursor = desk.type_text(cursor, "t");
    let newer = desk.complete(cursor).await;
    assert_eq!(end(older).await, Answer::Nothing(Nothing::Superseded));
    // The model rests after its failure, so this one hears that nobody may be asked.
    assert_eq!(newer, Answer::Nothing(Nothing::NothingEligible));
    assert_eq!(desk.totals().await.requests, 2);
}

#[tokio::test(start_paused = true)]
async fn closing_the_session_records_the_call_that_still_runs() {
    let (desk, cursor, log) = desk(Script::new().text("to").hang()).await;
    let _asked = desk.ask(cursor);
    settle(&log, 1).await;
    let totals = desk.totals().await;
    assert_eq!((totals.calls, log.abandoned()), (1, 1));
}

/// A user whose keys come 60 ms apart, and a model that bills a closed call in full.
async fn fast_typist() -> (Desk, ByteOffset, ScriptLog) {
    let mut hosted = spec("slow", Some("2"));
    hosted.base_url = "https://api.mistral.ai".into();
    let script = Script::new().text(ANSWER);
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(hosted, script)]).await;
    let mut cursor = desk.open("fn main() {\n    let x = $0\n}\n");
    for _ in 0..64 {
        cursor = desk.type_text(cursor, "a");
        sleep(KEY).await;
    }
    (desk, cursor, log)
}

#[tokio::test(start_paused = true)]
async fn a_paid_call_waits_for_the_next_key_and_a_free_one_does_not() {
    let (desk, cursor, log) = fast_typist().await;
    let cursor = desk.type_text(cursor, " ");
    let began = Instant::now();
    let _served = served(desk.complete(cursor).await);
    let waited = began.elapsed();
    assert!(
        (KEY..=Duration::from_millis(400)).contains(&waited),
        "{waited:?}"
    );
    assert_eq!(log.calls(), 1);

    let (free, cursor, _) = self::desk(Script::answer(ANSWER)).await;
    let began = Instant::now();
    let _served = served(free.complete(cursor).await);
    assert_eq!(began.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn keys_within_the_wait_call_nobody() {
    let (desk, mut cursor, log) = fast_typist().await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        cursor = desk.type_text(cursor, "+");
        asked.push(desk.ask(cursor));
        sleep(Duration::from_millis(30)).await;
    }
    assert_eq!(log.calls(), 0);
    let _served = served(end(asked.pop().expect("the last")).await);
    assert_eq!(log.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_text_that_has_gone_on_during_the_wait_is_not_asked_about() {
    let (desk, cursor, log) = fast_typist().await;
    let cursor = desk.type_text(cursor, " ");
    let asked = desk.ask(cursor);
    sleep(Duration::from_millis(1)).await;
    desk.type_text(cursor, "b");
    assert_eq!(end(asked).await, Answer::Nothing(Nothing::Superseded));
    assert_eq!(log.calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_session_learns_how_often_keys_agree() {
    let script = Script::new()
        .wait(Duration::from_millis(50))
        .text(ANSWER)
        .then()
        .text("txtotal")
        .hang()
        .then()
        .text("txy1;");
    let (desk, cursor, log) = desk(script).await;
    let half = Agreement::of_thousand(500);
    assert_eq!(desk.engine.flights.agreement(), half);
    let _older = desk.ask(cursor);
    settle(&log, 1).await;
    age().await;
    let cursor = desk.type_text(cursor, "t");
    let _served = served(desk.complete(cursor).await);
    let agreed = desk.engine.flights.agreement();
    assert_eq!(agreed, Agreement::of_thousand(529), "9 of 17");
    let cursor = desk.type_text(cursor, "x");
    let _older = desk.ask(cursor);
    settle(&log, 2).await;
    let cursor = desk.type_text(cursor, "y");
    let _served = served(desk.complete(cursor).await);
    assert_eq!(desk.engine.flights.agreement(), half, "9 of 18");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_has_just_begun_is_made_anew_with_the_newer_text() {
    let script = Script::new()
        .wait(Duration::from_millis(500))
        .text("wrong")
        .then()
        .wait(Duration::from_millis(500))
        .text("max(1);");
    let (desk, cursor, log) = desk(script).await;
    let _older = desk.ask(cursor);
    settle(&log, 1).await;
    let began = Instant::now();
    let cursor = desk.type_text(cursor, "ma");
    assert_eq!(served(desk.complete(cursor).await).candidate.text, "x(1);");
    assert_eq!(began.elapsed(), Duration::from_millis(500));
    assert_eq!((log.calls(), log.abandoned()), (2, 1));
}
