//! Whatever happens, an episode ends once and counts at most once.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::script::Script;
use crate::domain::{Evidence, OutcomeKind};

const TEXT: &str = "total(é, b);\n}";

#[derive(Clone, Debug)]
enum Step {
    Offer(bool),
    OfferAgain,
    TypeOn(usize),
    Insert(String),
    Delete(usize),
    Elsewhere(bool),
    Wait(u64),
    Accept,
    Partly(usize),
    Dismiss,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => any::<bool>().prop_map(Step::Offer),
        1 => Just(Step::OfferAgain),
        4 => (1_usize..14).prop_map(Step::TypeOn),
        2 => "[a-z(\n]{1,3}".prop_map(Step::Insert),
        2 => (1_usize..5).prop_map(Step::Delete),
        1 => any::<bool>().prop_map(Step::Elsewhere),
        4 => prop_oneof![0_u64..200, 200_u64..2_000, 2_000_u64..100_000].prop_map(Step::Wait),
        2 => Just(Step::Accept),
        1 => (0_usize..14).prop_map(Step::Partly),
        1 => Just(Step::Dismiss),
    ]
}

fn run(steps: &[Step]) -> Script {
    // Four characters before the cursor may be deleted; what is typed stands at most once.
    let mut script = Script::new("head: abcd$0 tail\nlast\n").offer(TEXT);
    let mut typed = 0;
    for step in steps {
        script = match step {
            Step::Offer(same) => {
                typed = 0;
                script.offer(if *same { TEXT } else { "other" })
            }
            Step::OfferAgain if typed <= script.cursor => script.offer_again(typed),
            Step::OfferAgain => script,
            Step::TypeOn(n) => {
                let rest: String = TEXT[typed.min(TEXT.len())..].chars().take(*n).collect();
                typed += rest.len();
                script.insert(&rest)
            }
            Step::Insert(text) => script.insert(text),
            Step::Delete(n) if *n <= script.cursor => {
                typed = 0;
                script.delete(1)
            }
            Step::Delete(_) => script,
            Step::Elsewhere(true) => script.edit(0, 0, "top\n"),
            Step::Elsewhere(false) => {
                let cursor = script.cursor;
                script.edit(0, 2, "é").go_to(cursor)
            }
            Step::Wait(millis) => script.wait(*millis),
            Step::Accept => script.accept(),
            Step::Partly(n) => script.partly(*n),
            Step::Dismiss => script.dismiss(),
        };
    }
    script.close()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_episode_has_one_ending_and_weighs_at_most_one(
        steps in prop::collection::vec(step(), 0..30)
    ) {
        let script = run(&steps);
        let mut episodes: BTreeMap<_, Vec<_>> = script
            .outcomes()
            .map(|row| (row.episode, Vec::new()))
            .collect();
        for row in script.endings() {
            episodes.entry(row.episode).or_default().push(row);
        }
        for (_, endings) in episodes {
            let weight: f64 = endings.iter().map(|row| row.weight).sum();
            prop_assert!((0.0..=1.0).contains(&weight), "{:?}", endings);
            match endings.as_slice() {
                [_] => {}
                // Only an accept that a client reports later than the ending is held back.
                [first, late] => {
                    prop_assert_eq!(late.kind, OutcomeKind::Accepted);
                    prop_assert_eq!(late.evidence, Evidence::Client);
                    prop_assert!(first.kind != OutcomeKind::Accepted);
                }
                others => prop_assert!(false, "{:?}", others),
            }
        }
    }

    #[test]
    fn an_episode_that_no_client_speaks_of_has_exactly_one_ending(
        steps in prop::collection::vec(step(), 0..30)
    ) {
        let is_silent = |step: &Step| !matches!(step, Step::Accept | Step::Partly(_) | Step::Dismiss);
        let steps: Vec<_> = steps.into_iter().filter(is_silent).collect();
        let script = run(&steps);
        let offered = script.outcomes().filter(|row| row.kind == OutcomeKind::Offered).count();
        prop_assert_eq!(script.endings().len(), offered);
        for row in script.endings() {
            prop_assert!(row.evidence != Evidence::Client);
        }
    }
}
