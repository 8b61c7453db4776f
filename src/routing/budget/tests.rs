use proptest::prelude::*;

use super::*;

fn micro(amount: i64) -> Money {
    Money::from_pico_usd(amount * 1_000_000)
}

fn budget(amount: i64) -> Budget {
    Budget::of(micro(amount))
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_unix_micros(second * 1_000_000)
}

#[test]
fn a_call_is_begun_only_when_its_worst_cost_fits() {
    let mut budget = budget(10);
    let first = budget.reserve(micro(6)).expect("it fits");
    assert_eq!(budget.reserve(micro(5)), None);
    assert!(!budget.settle(first, micro(2)));
    assert_eq!((budget.spent(), budget.left()), (micro(2), micro(8)));
    assert!(budget.reserve(micro(5)).is_some());
    assert_eq!(budget.reserve(micro(-1)), None);
}

#[test]
fn a_reservation_is_settled_once() {
    let mut budget = budget(10);
    let call = budget.reserve(micro(4)).expect("it fits");
    budget.settle(call, micro(3));
    budget.settle(call, micro(3));
    assert_eq!(budget.spent(), micro(3));
}

#[test]
fn a_bill_above_its_worst_cost_is_booked_and_told() {
    let mut budget = budget(10);
    let call = budget.reserve(micro(4)).expect("it fits");
    assert!(budget.settle(call, micro(5)));
    assert_eq!((budget.spent(), budget.left()), (micro(5), micro(5)));
}

#[test]
fn a_lease_is_a_hundredth_and_counts_as_gone_while_it_is_out() {
    let mut budget = budget(1_000);
    let lease = budget.lease(micro(1), micro(50), at(60)).expect("it fits");
    assert_eq!((lease.amount, budget.left()), (micro(10), micro(990)));
    let mut away = lease.budget();
    let call = away.reserve(micro(4)).expect("it fits");
    away.settle(call, micro(3));
    budget.give_back(&lease, away.spent());
    assert_eq!((budget.spent(), budget.left()), (micro(3), micro(997)));
    budget.give_back(&lease, away.spent());
    assert_eq!(budget.spent(), micro(3));
}

#[test]
fn who_never_comes_back_has_spent_all() {
    let mut budget = budget(1_000);
    let lease = budget.lease(micro(1), micro(50), at(60)).expect("it fits");
    budget.end_leases(at(59));
    assert_eq!(budget.spent(), Money::ZERO);
    budget.end_leases(at(60));
    assert_eq!(
        (budget.spent(), budget.reserved()),
        (micro(10), Money::ZERO)
    );
    budget.give_back(&lease, micro(1));
    assert_eq!(budget.spent(), micro(10));
}

#[test]
fn what_one_call_needs_is_leased_at_least_and_nothing_from_an_empty_budget() {
    let mut budget = budget(20);
    assert_eq!(
        budget
            .lease(micro(15), micro(15), at(1))
            .map(|lease| lease.amount),
        Some(micro(15))
    );
    assert_eq!(budget.lease(micro(15), micro(15), at(1)), None);
    let mut rich = Budget::of(micro(1_000));
    let modest = rich
        .lease(micro(1), micro(3), at(1))
        .map(|lease| lease.amount);
    assert_eq!(modest, Some(micro(3)));
}

#[test]
fn a_seat_has_its_slice_whatever_the_others_do() {
    let seat = Seat {
        spent: Money::ZERO,
        share: micro(100),
        pool_left: micro(30),
        promised_to_others: micro(30),
    };
    assert_eq!(seat.left(), micro(20));
    let greedy = Seat {
        spent: micro(480),
        pool_left: micro(4_000),
        ..seat
    };
    assert_eq!(greedy.left(), micro(20));
    let done = Seat {
        spent: micro(500),
        ..greedy
    };
    assert_eq!(done.left(), Money::ZERO);
}

#[derive(Clone, Debug)]
enum Move {
    Reserve(i64),
    Settle(usize, f64),
    Lease(i64),
    Spend(usize, f64),
    Back(usize),
    Tick(i64),
}

fn any_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        (0_i64..400).prop_map(Move::Reserve),
        (any::<usize>(), 0.0_f64..=1.0).prop_map(|(at, share)| Move::Settle(at, share)),
        (0_i64..50).prop_map(Move::Lease),
        (any::<usize>(), 0.0_f64..=1.0).prop_map(|(at, share)| Move::Spend(at, share)),
        any::<usize>().prop_map(Move::Back),
        (-100_i64..300).prop_map(Move::Tick),
    ]
}

fn part(of: Money, share: f64) -> Money {
    Money::from_pico_usd((of.pico_usd() as f64 * share) as i64)
}

proptest! {
    /// Whatever is asked for, in whatever order, with clocks that jump: what really was spent, here
    /// and by those who hold a lease, and what is still promised, never exceed the ceiling.
    #[test]
    fn spend_and_promises_never_exceed_the_ceiling(
        ceiling in 0_i64..2_000,
        moves in proptest::collection::vec(any_move(), 0..120),
    ) {
        let mut budget = budget(ceiling);
        let mut calls: Vec<(Reservation, Money)> = Vec::new();
        let mut leases: Vec<(Lease, Budget)> = Vec::new();
        let (mut now, mut really, mut gone) = (0, Money::ZERO, Money::ZERO);
        for step in moves {
            match step {
                Move::Reserve(worst) => {
                    let worst = micro(worst);
                    calls.extend(budget.reserve(worst).map(|call| (call, worst)));
                }
                Move::Settle(at, share) if !calls.is_empty() => {
                    let (call, worst) = calls.swap_remove(at % calls.len());
                    let cost = part(worst, share);
                    really = really + cost;
                    budget.settle(call, cost);
                }
                Move::Lease(least) => {
                    let lease = budget.lease(micro(least), micro(3 * least), at(now + 100));
                    leases.extend(lease.map(|lease| (lease, lease.budget())));
                }
                Move::Spend(at, share) if !leases.is_empty() => {
                    let at = at % leases.len();
                    let away = &mut leases[at].1;
                    let worst = part(away.left(), share);
                    if let Some(call) = away.reserve(worst) {
                        away.settle(call, worst);
                    }
                }
                Move::Back(at) if !leases.is_empty() => {
                    let (lease, away) = leases.swap_remove(at % leases.len());
                    gone = gone + away.spent();
                    budget.give_back(&lease, away.spent());
                }
                Move::Tick(seconds) => {
                    now = (now + seconds).max(0);
                    budget.end_leases(at(now));
                }
                Move::Settle(..) | Move::Spend(..) | Move::Back(_) => {}
            }
            let away: Money = leases.iter().map(|(_, away)| away.spent()).sum();
            prop_assert!(really + gone + away <= micro(ceiling));
            prop_assert!(budget.spent() + budget.reserved() <= micro(ceiling));
        }
    }

    /// Seats that each take what they may, in any order, leave every other its guaranteed slice.
    #[test]
    fn no_seat_uses_up_what_another_was_promised(
        takes in proptest::collection::vec((0_usize..5, 0.0_f64..=1.0), 0..60),
    ) {
        let (seats, share) = (5_i64, micro(100));
        let mut spent = [Money::ZERO; 5];
        for (who, part_of_left) in takes {
            let standing = |who: usize| {
                let all: Money = spent.iter().copied().sum();
                let slice = share.pico_usd() / 5;
                let others = (0..5).filter(|other| *other != who);
                let promised = others.map(|other| (slice - spent[other].pico_usd()).max(0));
                Seat {
                    spent: spent[who],
                    share,
                    pool_left: Money::from_pico_usd(seats * share.pico_usd() - all.pico_usd()),
                    promised_to_others: Money::from_pico_usd(promised.sum()),
                }
            };
            spent[who] = spent[who] + part(standing(who).left(), part_of_left);
            let all: Money = spent.iter().copied().sum();
            prop_assert!(all <= micro(500));
            let slice = share.pico_usd() / 5;
            let promised: i64 = spent.iter().map(|spent| (slice - spent.pico_usd()).max(0)).sum();
            prop_assert!(all.pico_usd() + promised <= micro(500).pico_usd());
        }
    }
}
