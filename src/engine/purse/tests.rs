use proptest::prelude::*;

use super::*;

const START: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

fn micro(amount: i64) -> Money {
    Money::from_pico_usd(amount * 1_000_000)
}

fn allowance() -> Allowance {
    Allowance {
        own: Some(micro(1_005_000)),
        ..Allowance::default()
    }
}

/// One dollar after the reserve.
fn reading(spent: i64, at: Timestamp) -> Reading {
    Reading {
        ceiling: Some(Ceiling::own(micro(1_005_000))),
        spent: micro(spent),
        of_others: Money::ZERO,
        seat: None,
        at,
    }
}

#[test]
fn nothing_paid_is_let_through_before_the_ledger_was_read_or_when_that_is_long_ago() {
    let (purse, allowance) = (Purse::default(), allowance());
    let affords = |worst, at| purse.affords(&allowance, worst, at);
    assert!(!affords(Some(micro(1)), START));
    assert!(
        affords(Some(Money::ZERO), START),
        "what is free needs no reading"
    );
    purse.take(&allowance, &reading(0, START));
    assert!(affords(Some(micro(1)), START));
    assert!(!affords(None, START), "what cannot be told does not fit");
    let late = START.plus(HOLDS);
    assert!(!affords(Some(micro(1)), late));
    assert!(
        !affords(Some(micro(1)), START.minus(HOLDS)),
        "a clock set back"
    );
    purse.take(&allowance, &reading(0, late));
    assert!(affords(Some(micro(1)), late));
}

#[test]
fn another_allowance_needs_a_reading_of_its_own_and_none_needs_nothing() {
    let purse = Purse::default();
    purse.take(&allowance(), &reading(0, START));
    let other = Allowance {
        own: Some(micro(5)),
        ..Allowance::default()
    };
    assert!(!purse.affords(&other, Some(micro(1)), START));
    assert!(purse.affords(&Allowance::default(), Some(micro(1)), START));
    assert!(purse.affords(&Allowance::default(), None, START));
    // A target alone limits nothing as long as nobody earns anything.
    let target = Allowance {
        target: crate::domain::Ppm::from_fraction(0.8),
        ..Allowance::default()
    };
    assert!(!purse.affords(&target, Some(micro(1)), START));
    let open = Reading {
        ceiling: None,
        ..reading(0, START)
    };
    purse.take(&target, &open);
    assert!(purse.affords(&target, None, START));
}

#[test]
fn a_reading_ends_with_its_month() {
    let (purse, allowance) = (Purse::default(), allowance());
    let end = Month::of(START).end;
    purse.take(&allowance, &reading(0, end.minus(Duration::from_secs(1))));
    let before = end.minus(Duration::from_millis(1));
    assert!(purse.affords(&allowance, Some(micro(1)), before));
    assert!(!purse.affords(&allowance, Some(micro(1)), end));
}

#[test]
fn what_was_settled_while_the_ledger_was_read_is_not_forgotten() {
    let (purse, allowance) = (Purse::default(), allowance());
    purse.take(&allowance, &reading(0, START));
    let before = purse.reserve(&allowance, Some(micro(9_000)), START);
    let across = purse.reserve(&allowance, Some(micro(9_000)), START);
    let (before, across) = (before.expect("it fits"), across.expect("it fits"));
    purse.settle(before, micro(7_000));
    purse.begin_reading();
    purse.settle(across, micro(8_000));
    // The ledger shows the first call and not the second.
    purse.take(&allowance, &reading(7_000, START));
    let spent = purse.is_spent_for(&allowance, micro(1_000_000), START);
    let all = Gone {
        spent: micro(15_000),
        limit: micro(1_000_000),
        of_seat: false,
    };
    assert_eq!(spent, Some(all));
}

#[test]
fn a_seat_keeps_to_what_the_others_were_not_promised() {
    let (purse, allowance) = (Purse::default(), allowance());
    let seat = SeatReading {
        spent: micro(100_000),
        share: micro(100_000),
        promised_to_others: micro(180_000),
    };
    let read = |seat| Reading {
        seat: Some(seat),
        ..reading(400_000, START)
    };
    // 600,000 are left, 420,000 of them promised to nobody; five shares are 500,000, of which it
    // has had a fifth.
    purse.take(&allowance, &read(seat));
    let room = 400_000 / 32;
    assert!(purse.affords(&allowance, Some(micro(room)), START));
    assert!(!purse.affords(&allowance, Some(micro(room + 1)), START));
    // What it sets aside is its own: a new reading leaves it that much less.
    let held = purse.reserve(&allowance, Some(micro(room)), START);
    let held = held.expect("it fits");
    purse.take(&allowance, &read(seat));
    let less = (400_000 - room) / 32;
    assert!(purse.affords(&allowance, Some(micro(less)), START));
    assert!(!purse.affords(&allowance, Some(micro(less + 1)), START));
    purse.settle(held, micro(room));

    let done = SeatReading {
        spent: micro(500_000),
        ..seat
    };
    purse.begin_reading();
    purse.take(&allowance, &read(done));
    assert!(!purse.affords(&allowance, Some(micro(1)), START));
    let gone = purse.is_spent_for(&allowance, micro(1), START);
    let part = Gone {
        spent: micro(500_000),
        limit: micro(500_000),
        of_seat: true,
    };
    assert_eq!(gone, Some(part));
}

#[test]
fn it_is_said_once_a_month_and_again_for_another_allowance() {
    let (purse, limit) = (Purse::default(), allowance());
    assert!(purse.is_news(&limit, START));
    assert!(!purse.is_news(&limit, START.plus(HOLDS)));
    assert!(purse.is_news(&limit, Month::of(START).end));
    assert!(purse.is_news(&Allowance::default(), Month::of(START).end));
}

/// What happens to one of the processes.
#[derive(Clone, Debug)]
enum Step {
    /// It reads the ledger, if that is due.
    Read,
    /// A call is begun, of this worst cost in millionths of a dollar.
    Call(i64),
    /// The oldest call ends, at this part of its worst cost, in hundredths.
    End(i64),
    /// All its calls are cancelled, each billed to the full.
    Cancel,
    /// So many seconds go by.
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Read),
        8 => (1_i64..60_000).prop_map(Step::Call),
        4 => (0_i64..=100).prop_map(Step::End),
        1 => Just(Step::Cancel),
        4 => (1_u64..90).prop_map(Step::Wait),
    ]
}

/// A process as its ledger knows it.
#[derive(Default)]
struct Process {
    purse: Purse,
    slice: Money,
    read_at: Option<Timestamp>,
    open: Vec<(Hold, Money, Timestamp)>,
}

impl Process {
    fn end(&mut self, hundredths: i64) -> Money {
        if self.open.is_empty() {
            return Money::ZERO;
        }
        let (hold, worst, _) = self.open.remove(0);
        let cost = Money::from_pico_usd(worst.pico_usd() / 100 * hundredths);
        self.purse.settle(hold, cost);
        cost
    }

    fn promised(&self) -> Money {
        self.open.iter().map(|(_, worst, _)| *worst).sum()
    }
}

/// Plays the steps and returns the most that was ever spent and promised, and what was let through.
fn play(processes: usize, steps: &[(usize, Step)]) -> (Money, usize) {
    let allowance = allowance();
    let (mut ledger, mut now, mut most, mut let_through) = (Money::ZERO, START, Money::ZERO, 0);
    let mut all: Vec<Process> = (0..processes).map(|_| Process::default()).collect();
    for (who, step) in steps {
        let slices: Vec<Money> = all.iter().map(|process| process.slice).collect();
        let of_others =
            slices.iter().copied().sum::<Money>().pico_usd() - slices[who % processes].pico_usd();
        let process = &mut all[who % processes];
        match step {
            Step::Read => {
                let is_due = process.read_at.is_none_or(|at| now.since(at) >= READ_EVERY);
                if is_due {
                    process.purse.begin_reading();
                    let reading = Reading {
                        spent: ledger,
                        of_others: Money::from_pico_usd(of_others),
                        ..reading(0, now)
                    };
                    process.slice = process.purse.take(&allowance, &reading);
                    process.read_at = Some(now);
                }
            }
            Step::Call(worst) => {
                let worst = micro(*worst);
                if let Some(hold) = process.purse.reserve(&allowance, Some(worst), now) {
                    process.open.push((hold, worst, now));
                    let_through += 1;
                }
            }
            Step::End(hundredths) => ledger = ledger + process.end(*hundredths),
            Step::Cancel => {
                while !process.open.is_empty() {
                    ledger = ledger + process.end(100);
                }
            }
            Step::Wait(seconds) => {
                now = now.plus(Duration::from_secs(*seconds));
                // No call lasts longer than a minute.
                for process in &mut all {
                    let minute = Duration::from_secs(60);
                    while process
                        .open
                        .first()
                        .is_some_and(|open| now.since(open.2) > minute)
                    {
                        ledger = ledger + process.end(100);
                    }
                }
            }
        }
        let promised: Money = all.iter().map(Process::promised).sum();
        most = most.max(ledger + promised);
    }
    (most, let_through)
}

proptest! {
    #[test]
    fn spending_and_promises_never_cross_the_ceiling(
        steps in proptest::collection::vec((Just(0_usize), step()), 1..400),
    ) {
        let (most, _) = play(1, &steps);
        prop_assert!(most <= micro(1_000_000), "{}", most);
    }

    #[test]
    fn nor_do_those_of_many_processes_that_share_a_ledger(
        processes in 2_usize..9,
        steps in proptest::collection::vec((0_usize..9, step()), 1..400),
    ) {
        let (most, _) = play(processes, &steps);
        prop_assert!(most <= micro(1_000_000), "{}", most);
    }
}

/// The sequences above rarely come near the ceiling; this one does, and stays below.
#[test]
fn windows_that_spend_all_they_may_use_nearly_all_of_it() {
    for processes in [2, 8] {
        let mut steps = Vec::new();
        for _ in 0..400 {
            for who in 0..processes {
                steps.push((who, Step::Read));
                steps.extend(std::iter::repeat_n((who, Step::Call(500)), 80));
                steps.push((who, Step::Cancel));
            }
            steps.push((0, Step::Wait(120)));
        }
        let (most, let_through) = play(processes, &steps);
        assert!(most <= micro(1_000_000) && most > micro(960_000), "{most}");
        assert!(let_through > 1_900, "{let_through}");
    }
}
