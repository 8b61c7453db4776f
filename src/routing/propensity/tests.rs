use proptest::prelude::*;

use super::*;
use crate::domain::Dice;

fn arm(mean: f64, deviation: f64, gain: f64, offset: f64) -> Contender {
    Contender {
        belief: Belief { mean, deviation },
        gain,
        offset,
    }
}

fn micro(costs: &[i64]) -> Vec<Money> {
    costs
        .iter()
        .map(|cost| Money::from_pico_usd(cost * 1_000_000))
        .collect()
}

/// A normal number by the polar form of Box and Muller.
fn normal_of(dice: &mut Dice) -> f64 {
    let radius = (-2.0 * (1.0 - dice.share()).ln()).sqrt();
    radius * (std::f64::consts::TAU * dice.share()).cos()
}

fn by_drawing(arms: &[Contender], free: f64, draws: u32) -> Shares {
    let mut dice = Dice::new(11);
    let mut wins = vec![0.0; arms.len() + 1];
    for _ in 0..draws {
        let (mut winner, mut best) = (0, free);
        for (index, arm) in arms.iter().enumerate() {
            let z = normal_of(&mut dice);
            let score = arm.score(arm.belief.mean + arm.belief.deviation * z);
            if score > best {
                (winner, best) = (index + 1, score);
            }
        }
        wins[winner] += 1.0 / f64::from(draws);
    }
    Shares {
        free: wins[0],
        arms: wins[1..].to_vec(),
    }
}

#[track_caller]
fn check_against_draws(arms: &[Contender], free: f64, within: f64) {
    let drawn = by_drawing(arms, free, 1_000_000);
    let computed = thompson(arms, free);
    assert!(
        (drawn.free - computed.free).abs() < within,
        "{drawn:?} {computed:?}"
    );
    for (drawn, computed) in drawn.arms.iter().zip(&computed.arms) {
        assert!((drawn - computed).abs() < within, "{drawn} {computed}");
    }
}

#[test]
fn a_million_samples_win_as_often_as_the_quadrature_says() {
    // A million draws are within 0.0015 of the truth.
    let close = [
        arm(0.1, 0.3, 40.0, -6.0),
        arm(0.3, 0.4, 38.0, -7.0),
        arm(-0.2, 0.5, 50.0, -9.0),
        arm(0.0, 0.35, 41.0, -6.5),
    ];
    check_against_draws(&close, -100.0, 0.003);
    check_against_draws(&close, 12.0, 0.003);
    check_against_draws(&close, 16.0, 0.003);
}

#[test]
fn a_well_known_arm_beside_an_unknown_one_is_rougher_and_still_close() {
    let arms = [arm(0.2, 0.08, 40.0, -6.0), arm(0.0, 0.8, 40.0, -6.0)];
    check_against_draws(&arms, 0.0, 0.05);
}

#[test]
fn the_realised_shares_of_a_million_draws_are_the_propensities() {
    let arms: Vec<Contender> = (0..9_i32)
        .map(|n| arm(0.1 * f64::from(n) - 0.4, 0.4, 40.0, -8.0 - f64::from(n)))
        .collect();
    let costs = micro(&[1, 2, 3, 5, 8, 13, 21, 34, 55]);
    let shares = Exploration::default().mix(&thompson(&arms, 8.0), &costs);
    let draws = 1_000_000_u32;
    let mut dice = Dice::new(2);
    let mut played = vec![0_u32; arms.len() + 1];
    for _ in 0..draws {
        played[shares.play(dice.share()).map_or(0, |index| index + 1)] += 1;
    }
    for (option, count) in played.iter().enumerate() {
        let pi = shares.of(option.checked_sub(1));
        let realised = f64::from(*count) / f64::from(draws);
        // Four standard errors of a million draws.
        let noise = 4.0 * (pi * (1.0 - pi) / f64::from(draws)).sqrt();
        assert!((realised - pi).abs() < noise, "{option}: {realised} {pi}");
        assert!(pi >= 0.01, "{option}: {pi}");
    }
}

#[test]
fn a_clear_winner_wins_and_nothing_worth_its_price_is_silence() {
    let arms = [arm(3.0, 0.1, 40.0, -2.0), arm(-3.0, 0.1, 40.0, -2.0)];
    let shares = thompson(&arms, 0.0);
    assert!(shares.arms[0] > 0.999, "{shares:?}");
    let dear = [arm(0.0, 0.3, 40.0, -60.0)];
    assert!(thompson(&dear, 0.0).free > 0.999);
    assert_eq!(thompson(&[], 0.0).free, 1.0);
}

#[test]
fn arms_that_do_not_depend_on_their_logit_are_compared_by_their_number() {
    let arms = [arm(0.0, 0.5, 0.0, 3.0), arm(0.0, 0.5, 0.0, 2.0)];
    let shares = thompson(&arms, 0.0);
    assert!((shares.arms[0] - 1.0).abs() < 1e-9, "{shares:?}");
    assert_eq!(thompson(&arms, 5.0).free, 1.0);
    let same = [arm(0.0, 0.5, 0.0, 3.0), arm(0.0, 0.5, 0.0, 3.0)];
    let sum: f64 = thompson(&same, 0.0).arms.iter().sum();
    assert!((sum - 1.0).abs() < 1e-9);
}

#[test]
fn a_dearer_arm_is_explored_less() {
    let shares = Shares {
        free: 1.0,
        arms: vec![0.0, 0.0],
    };
    let mixed = Exploration::default().mix(&shares, &micro(&[10, 1_000]));
    assert!(mixed.arms[0] > mixed.arms[1]);
    assert!(mixed.arms[1] >= 0.01);
}

fn any_arm() -> impl Strategy<Value = Contender> {
    (
        -8.0_f64..8.0,
        prop_oneof![Just(0.0), 0.01_f64..4.0],
        prop_oneof![Just(0.0), 0.0_f64..400.0],
        -400.0_f64..50.0,
    )
        .prop_map(|(mean, deviation, gain, offset)| arm(mean, deviation, gain, offset))
}

proptest! {
    #[test]
    fn they_sum_to_one_and_every_option_has_its_floor(
        arms in proptest::collection::vec(any_arm(), 0..12),
        free in -50.0_f64..50.0,
        cost in 0_i64..5_000,
    ) {
        let sampled = thompson(&arms, free);
        let costs = micro(&vec![cost; arms.len()]);
        let played = Exploration::default().mix(&sampled, &costs);
        for shares in [&sampled, &played] {
            let sum = shares.free + shares.arms.iter().sum::<f64>();
            prop_assert!((sum - 1.0).abs() < 1e-6, "{shares:?}");
            prop_assert!(shares.arms.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)));
        }
        prop_assert!(played.arms.iter().all(|share| *share >= 0.01 - 1e-12));
    }
}
