//! The choice by worth in a session: what it is made on, what it learns, what it waits for.

use std::collections::BTreeMap;

use super::*;
use crate::domain::{
    Action, Allowance, CallRow, Caps, Choice, DecisionId, EpisodeId, Evidence, LedgerEvent,
    MatchRow, OutcomeKind, OutcomeRow, Ppm, Reason, RetentionRow, RowId,
};
use crate::engine::book::{ByArm, Traffic};
use crate::engine::explain::Explanation;
use crate::ledger::tests::rows;
use crate::ledger::{LedgerReader, ReportQuery, What};
use crate::routing::{Estimates, LONGEST_HOLD};

/// An owner for whom a thousand characters are worth a dollar.
fn by_value() -> Policy {
    Policy {
        embedded: true,
        allowance: Allowance {
            per_thousand_chars: Some("1.00".parse().expect("an amount")),
            ..Allowance::default()
        },
        ..Policy::default()
    }
}

/// At these prices a call costs some micro-USD, a small part of what a character is worth.
fn hosted(id: &str) -> ModelSpec {
    spec(id, Some("1"))
}

impl Desk {
    /// Asks by hand, which leaves nothing to chance; returns why the answer is what it is.
    async fn asked_for(&self, cursor: ByteOffset) -> (Answer, Explanation) {
        let request = CompletionRequest {
            trigger: Trigger::Invoked,
            ..self.request(cursor)
        };
        let id = request.id;
        let answer = self.engine.complete(request).await;
        let explanation = self.engine.explanation(id).expect("it was decided");
        (answer, explanation)
    }

    /// Teaches what became of so many answers of a model at the place of this explanation.
    fn teach_of(&self, model: &str, like: &Explanation, times: usize, is_right: bool) {
        let (model, at) = (ModelId::new(model), Timestamp::from_unix_micros(NOON));
        for _ in 0..times {
            let decision = DecisionId::new(at);
            let learnt = &self.engine.learnt;
            learnt.remember(decision, (&model, None), &like.features);
            let completion = CompletionId::new(at);
            learnt.observe(&LedgerEvent::Match(MatchRow {
                id: RowId::new(at),
                decision,
                completion: Some(completion),
                arm: model.clone(),
                offered: true,
                exact_line: is_right,
                prefix_chars: 0,
                candidate_chars: 9,
                confidence: None,
                within_ms: 5,
                at,
            }));
            learnt.observe(&LedgerEvent::Outcome(OutcomeRow {
                id: RowId::new(at),
                completion,
                decision,
                episode: EpisodeId::new(at),
                kind: if is_right {
                    OutcomeKind::Accepted
                } else {
                    OutcomeKind::Dismissed
                },
                evidence: Evidence::Client,
                weight: 1.0,
                characters: None,
                at,
            }));
            learnt.observe(&LedgerEvent::Retention(RetentionRow {
                id: RowId::new(at),
                completion,
                decision,
                episode: EpisodeId::new(at),
                after_s: 600,
                still_there: is_right,
                distance: 0.0,
                kept_chars: if is_right { 90 } else { 0 },
                at,
            }));
        }
    }
}

fn two_models() -> Vec<(ModelSpec, Script)> {
    let script = |text: &str| Script::answer(text).usage(used(100, 20));
    vec![
        (hosted("weak"), script("weak(a);")),
        (spec("strong", Some("3")), script("strong(a);")),
    ]
}

#[tokio::test]
async fn the_model_that_was_right_is_asked_though_it_is_dearer() {
    let desk = Desk::new(by_value(), two_models()).await;
    let cursor = desk.open("let x = $0\n");
    let (_, first) = desk.asked_for(cursor).await;
    assert_eq!(first.decision.action, Action::Call);
    desk.teach_of("weak", &first, 200, false);
    desk.teach_of("strong", &first, 200, true);

    let cursor = desk.change("let other = $0\n");
    let (answer, why) = desk.asked_for(cursor).await;
    assert_eq!(served(answer).candidate.model.as_str(), "strong");
    assert_eq!(why.decision.reason, Reason::BestValue);
    assert!(why.decision.propensity > 0.99);
    let odds = why.decision.odds.expect("chance had a part in it");
    assert_eq!(odds.epsilon, 0.0, "nobody is experimented on who asks");
    let p = |model: &str| {
        let arms = why.decision.arms.iter();
        let arm = arms.clone().find(|arm| arm.model.as_str() == model);
        arm.and_then(|arm| arm.p_accept).expect("it is estimated")
    };
    assert!(
        p("strong") > 0.8 && p("weak") < 0.2,
        "{} {}",
        p("strong"),
        p("weak")
    );
}

#[tokio::test]
async fn a_model_that_is_tried_out_is_not_asked_by_hand_whatever_it_is_worth() {
    let mut models = two_models();
    models[1].0.is_canary = true;
    let desk = Desk::new(by_value(), models).await;
    let cursor = desk.open("let x = $0\n");
    let (_, first) = desk.asked_for(cursor).await;
    desk.teach_of("strong", &first, 200, true);
    let cursor = desk.change("let other = $0\n");
    let (answer, _) = desk.asked_for(cursor).await;
    assert_eq!(served(answer).candidate.model.as_str(), "weak");
}

#[tokio::test]
async fn where_nothing_says_what_a_character_is_worth_the_cheapest_is_asked() {
    let cheapest = Policy {
        choice: Some(Choice::Cheapest),
        ..by_value()
    };
    for policy in [Policy::default(), cheapest] {
        let desk = Desk::new(policy, two_models()).await;
        let cursor = desk.open("let x = $0\n");
        let (answer, why) = desk.asked_for(cursor).await;
        assert_eq!(served(answer).candidate.model.as_str(), "weak");
        assert_eq!(why.decision.reason, Reason::CheapestEligible);
        assert_eq!(why.decision.odds, None);
    }
}

#[tokio::test]
async fn under_a_ceiling_a_character_is_worth_what_the_month_has_for_it() {
    let policy = Policy {
        allowance: Allowance {
            own: Some("30.00".parse().expect("an amount")),
            ..Allowance::default()
        },
        ..by_value()
    };
    let desk = Desk::new(policy, two_models()).await;
    let cursor = desk.open("let x = $0\n");
    // Before the ledger was read nothing is known, and nothing paid is asked.
    let (answer, _) = desk.asked_for(cursor).await;
    assert_eq!(answer, Answer::Nothing(Nothing::NothingEligible));
    assert!(desk.engine.read_spending().await);
    let cursor = desk.change("let other = $0\n");
    let (_, why) = desk.asked_for(cursor).await;
    let odds = why.decision.odds.expect("chance had a part in it");
    // November has 21 working days of ten hours with sixty decision points each, and 510 other
    // hours with one; one and a half kept characters come of each.
    let points = 21.0 * 600.0 + 510.0;
    let expected = 30e12 / 1.005 / (1.5 * points);
    let worth = odds.value_per_char.pico_usd() as f64;
    assert!((worth / expected - 1.0).abs() < 0.01, "{worth} {expected}");
}

#[tokio::test]
async fn a_host_that_has_its_share_is_out_whatever_its_model_is_worth() {
    let half = Caps {
        host: Ppm::from_fraction(0.5),
        ..Caps::default()
    };
    let offers = |first, other, embedded| ByArm {
        offers: by_name([("first", first), ("other", other), ("embedded", embedded)]),
        ..ByArm::default()
    };
    // At 75 % it is out; at 44 %, the embedded model's share included, it is not; of a hundred
    // suggestions nobody makes a share.
    let volumes = [
        offers(300, 100, 0),
        offers(200, 100, 150),
        offers(90, 10, 0),
    ];
    assert_eq!(
        asked_under(half, volumes).await,
        ["other", "first", "first"]
    );
}

#[tokio::test]
async fn a_lab_that_has_its_share_is_out_and_so_is_a_host_that_has_its_share_of_the_money() {
    let caps = |lab, spend| Caps {
        host: None,
        lab: Ppm::from_fraction(lab),
        spend: Ppm::from_fraction(spend),
    };
    let had = |offers: [u64; 2], dollars: [i64; 2]| ByArm {
        offers: by_name([("first", offers[0]), ("other", offers[1])]),
        spend: by_name(
            [("first", dollars[0]), ("other", dollars[1])]
                .map(|(name, usd)| (name, Money::from_pico_usd(usd * 1_000_000_000_000))),
        ),
    };
    let cases = [
        (caps(0.5, 0.99), had([300, 100], [9, 1]), "other"),
        (caps(0.99, 0.5), had([300, 100], [1, 9]), "first"),
        (caps(0.99, 0.5), had([300, 100], [9, 1]), "other"),
        // Of less than a dollar nobody makes a share.
        (caps(0.99, 0.5), had([300, 100], [0, 0]), "first"),
    ];
    for (caps, volumes, wanted) in cases {
        assert_eq!(asked_under(caps, [volumes]).await, [wanted], "{caps:?}");
    }
}

fn by_name<T, const N: usize>(named: [(&str, T); N]) -> BTreeMap<ModelId, T> {
    let named = named.into_iter();
    named
        .map(|(name, value)| (ModelId::new(name), value))
        .collect()
}

/// Returns who of two hosts and labs is asked where they have had so much; the first is cheaper.
async fn asked_under<const N: usize>(caps: Caps, volumes: [ByArm; N]) -> Vec<String> {
    let policy = Policy {
        caps,
        ..Policy::default()
    };
    let mut first = hosted("first");
    first.model = "qwen2.5-coder".into();
    let mut other = spec("other", Some("3"));
    other.base_url = "http://other.example".into();
    other.model = "codestral-2508".into();
    let arms = vec![
        (first, Script::answer("first();")),
        (other, Script::answer("other();")),
    ];
    let desk = Desk::new(policy, arms).await;
    let mut asked = Vec::new();
    for (n, by_arm) in volumes.into_iter().enumerate() {
        let traffic = Traffic {
            points: Default::default(),
            by_arm: Some(by_arm),
            shadow: Money::ZERO,
        };
        let now = Timestamp::from_unix_micros(NOON);
        desk.engine.pace.take(traffic, now);
        let cursor = desk.open(&format!("let x{n} = $0\n"));
        let (_, why) = desk.asked_for(cursor).await;
        asked.push(why.decision.route[0].to_string());
    }
    asked
}

/// An owner who pays so little for a character that no call is worth it.
fn by_little_value() -> Policy {
    let mut policy = by_value();
    policy.embedded = false;
    policy.allowance.per_thousand_chars = Some("0.005".parse().expect("an amount"));
    policy
}

#[tokio::test]
async fn where_too_few_characters_are_kept_more_is_paid_for_them() {
    let policy = Policy {
        quality_floor: Some(800),
        ..by_little_value()
    };
    let script = Script::answer("first();").usage(used(100, 20));
    let desk = Desk::new(policy, vec![(hosted("strong"), script)]).await;
    // The draw has its part in what is done, so what is looked at is how likely a call was.
    // Every name is another one: what was called for before would be found in the cache.
    let looked = async |name: u32| {
        let cursor = desk.open(&format!("let x{name} = $0\n"));
        let (_, why) = desk.asked_for(cursor).await;
        let decision = why.decision;
        let worth = decision.odds.expect("chance had a part").value_per_char;
        let called = match decision.action {
            Action::Call => decision.propensity,
            _ => 1.0 - decision.propensity,
        };
        (worth, called)
    };
    let (worth, called) = looked(100).await;
    for name in 101..150 {
        assert_eq!(looked(name).await.0, worth);
    }
    assert!(desk.engine.read_spending().await);
    let (more, likelier) = looked(150).await;
    assert!(more > worth, "{more} {worth}");
    assert!(likelier > called + 0.2, "{likelier} {called}");
}

#[tokio::test]
async fn now_and_then_a_model_is_asked_beside_the_answer_and_not_shown() {
    let mut policy = by_little_value();
    policy.allowance.own = Some("30.00".parse().expect("an amount"));
    policy.shadow_share = Ppm::from_fraction(0.05);
    let script = Script::answer("first();").usage(used(100, 20));
    let desk = Desk::new(policy, vec![(hosted("strong"), script)]).await;
    assert!(desk.engine.read_spending().await);
    let now = Timestamp::from_unix_micros(NOON);
    let day = Duration::from_secs(86_400);
    let query = ReportQuery::new(now.minus(day), now.plus(day));
    let ledger = desk.folder.path().join("ledger.sqlite3");
    let mut shown = 0;
    for n in 0..1_200 {
        // One place in fifty, so a thousand without any are one chance in a billion. Every place is
        // another one, since what exploration has shown would be found in the cache; and of another
        // burst, since chance draws once for each: a call in all of them leaves nobody to ask beside.
        let cursor = desk.open(&format!("let x{n} = $0\n"));
        let request = CompletionRequest {
            received: now.plus(Duration::from_secs(3 * n)),
            ..desk.request(cursor)
        };
        let answer = desk.engine.complete(request).await;
        shown += u32::from(matches!(answer, Answer::Suggestion(_)));
        if n % 100 == 99 {
            desk.engine.flights.close().await;
            // It waits until everything is written.
            let report = desk.engine.book.report(&query).await.expect("a report");
            let reader = LedgerReader::open_read_only(&ledger).await;
            let reader = reader.expect("it opens");
            let shadow = reader.shadow_cost(query.since, query.until).await;
            let shadow = shadow.expect("it is read");
            if shadow.calls > 0 {
                assert!(shadow.cost > Money::ZERO);
                assert_eq!(report.shadow, shadow, "the report has a line for it");
                // Exploration shows an answer now and then; what is asked beside is not shown.
                assert_eq!(report.totals.calls, shadow.calls + u64::from(shown));
                return;
            }
        }
    }
    panic!("nobody was asked");
}

#[tokio::test]
async fn what_was_learnt_is_there_in_the_next_session() {
    let desk = Desk::new(by_value(), two_models()).await;
    let cursor = desk.open("let x = $0\n");
    let (_, first) = desk.asked_for(cursor).await;
    desk.teach_of("weak", &first, 50, false);
    desk.engine.close().await;
    let kept = std::fs::read_to_string(desk.folder.path().join("estimates.json"));
    let kept = kept.expect("it was kept");
    assert!(
        kept.contains("\"weak\"") && !kept.contains("let x"),
        "{kept}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_better_answer_is_waited_for_and_a_late_one_is_not_shown() {
    for (millis, is_late) in [(100, false), (2_000, true)] {
        let wait = Duration::from_millis(millis);
        // The name that was begun is taken back, so the answer begins with it.
        let script = Script::answer("first();").usage(used(100, 20)).then();
        let script = script.wait(wait).text("pool.reserve(id);");
        let script = script.usage(used(100, 20));
        let desk = Desk::new(by_value(), vec![(hosted("strong"), script)]).await;
        let cursor = desk.open("let x = $0\n");
        let (_, first) = desk.asked_for(cursor).await;
        desk.teach_of("strong", &first, 400, true);
        let (newest, rest) = desk.teach();
        let cursor = desk.change(&newest);
        let began = tokio::time::Instant::now();
        let (answer, why) = desk.asked_for(cursor).await;
        assert_eq!(why.decision.action, Action::Call);
        let served = served(answer);
        if is_late {
            assert_eq!(served.candidate.source, Source::Embedded);
            assert_eq!(served.candidate.text, rest);
            assert_eq!(served.reason, Reason::Deadline.as_str());
            assert_eq!(served.expected_cost, Money::ZERO);
            assert!(began.elapsed() < Duration::from_millis(350));
            // What is shown stays the same when the late answer is there.
            tokio::time::sleep(wait).await;
            let again = super::served(desk.complete(cursor).await);
            assert_eq!(again.candidate.text, rest);
            assert_eq!(again.candidate.id, served.candidate.id);
            desk.engine
                .accept(served.candidate.id)
                .await
                .expect("it was offered");
        } else {
            assert_eq!(served.candidate.model.as_str(), "strong");
        }
        let totals = desk.totals().await;
        // The call is paid for either way: twice 120 tokens at a dollar per million.
        assert_eq!(totals.cost_pico(), Some(2 * 120_000_000));
    }
}

#[tokio::test]
async fn a_model_that_is_never_in_time_is_not_waited_for() {
    let script = Script::answer("first();").usage(used(100, 20));
    let desk = Desk::new(by_value(), vec![(hosted("strong"), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let (_, first) = desk.asked_for(cursor).await;
    desk.teach_of("strong", &first, 400, true);
    let (newest, _) = desk.teach();
    let cursor = desk.change(&newest);
    let (_, sure) = desk.asked_for(cursor).await;
    assert_eq!(sure.decision.action, Action::Call);
    let hold = |trigger| {
        let request = CompletionRequest {
            trigger,
            ..desk.request(cursor)
        };
        desk.engine.hold_for(&request, &sure.decision)
    };
    assert_eq!(hold(Trigger::Automatic), LONGEST_HOLD);
    // The script takes no time, so it has to be outweighed.
    for n in 0..800 {
        let decision = DecisionId::new(Timestamp::from_unix_micros(NOON));
        let learnt = &desk.engine.learnt;
        let strong = ModelId::new("strong");
        learnt.remember(decision, (&strong, None), &sure.features);
        learnt.called(&CallRow {
            decision,
            duration_ms: 5_000,
            ..rows::call(n, 1, None)
        });
    }
    assert_eq!(hold(Trigger::Automatic), Duration::ZERO);
    assert_eq!(hold(Trigger::Invoked), LONGEST_HOLD, "who asks waits");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_held_back_is_shown_when_the_call_fails() {
    let script = Script::answer("first();")
        .usage(used(1, 1))
        .then()
        .fail(ModelError::RateLimited { retry_after: None });
    let desk = Desk::new(by_value(), vec![(hosted("strong"), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let (_, first) = desk.asked_for(cursor).await;
    desk.teach_of("strong", &first, 400, true);
    let (newest, rest) = desk.teach();
    let cursor = desk.change(&newest);
    let (answer, _) = desk.asked_for(cursor).await;
    let served = served(answer);
    assert_eq!(served.candidate.text, rest);
    assert_eq!(served.reason, Reason::Fallback.as_str());
}

#[tokio::test(start_paused = true)]
async fn the_ledger_has_all_that_a_session_was_taught() {
    let desk = Desk::new(by_value(), two_models()).await;
    let cursor = desk.open("let x = $0\n");
    let (answer, _) = desk.asked_for(cursor).await;
    let served = served(answer);
    let text = served.candidate.text.clone();
    desk.change(&format!("let x = {text}$0\n"));
    desk.engine
        .accept(served.candidate.id)
        .await
        .expect("it was offered");
    tokio::time::sleep(Duration::from_secs(601)).await;
    desk.engine
        .record_all(desk.engine.episodes.tick(desk.engine.clock.now()));
    desk.engine.close().await;
    let lessons = desk.engine.learnt.with(Estimates::lessons);

    let path = desk.folder.path().join("ledger.sqlite3");
    let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
    let all = (
        Timestamp::from_unix_micros(0),
        Timestamp::from_unix_micros(i64::MAX),
    );
    let mut heard = Vec::new();
    reader
        .lessons(all, |taught| heard.push(taught.what))
        .await
        .expect("it is read");
    assert!(
        matches!(
            heard.as_slice(),
            [
                What::Called { was_usable: true, .. },
                What::Ended { kind: OutcomeKind::Accepted, .. },
                What::Kept(kept),
                What::Compared { is_match: true },
            ] if *kept > 0
        ),
        "{heard:?}"
    );
    // A call is three lessons: how long it took, what it cost, whether it was of use. That the client
    // has said what the document shows is one more, which no ledger holds.
    assert_eq!(lessons, 3 + 1 + 1 + 1 + 1);
}
