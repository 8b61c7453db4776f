//! What a team would do without a router: plain rules, each at its best setting in hindsight.

use mantle_ls::domain::{Dice, Money};
use mantle_ls::routing::{Budget, Ceiling};

use super::Month;
use super::world::Point;

const OWN: usize = 0;
const PREMIUM: usize = 2;

/// A plain rule.
#[derive(Clone, Copy, Debug)]
pub enum Rule {
    /// The embedded model where it is this sure, else the model; when nothing is left, one's own.
    Threshold { sure: f32, model: usize },
    /// The embedded model where it is sure, else the premium model by chance, else one's own.
    Mix { share: f64 },
}

impl Rule {
    /// The premium model for everything, as long as it can be paid.
    pub const PREMIUM: Self = Self::Threshold {
        sure: 2.0,
        model: PREMIUM,
    };
    /// The embedded model where it is sure, else one's own: what costs nothing.
    pub const FREE: Self = Self::Threshold {
        sure: 0.6,
        model: OWN,
    };

    /// Runs the month by this rule.
    pub fn run(self, points: &[Point], ceiling: Ceiling, seed: u64) -> Month {
        let mut dice = Dice::new(seed ^ 0xd1ce);
        let mut budget = Budget::new(ceiling);
        let mut month = Month::default();
        for point in points {
            let confidence = point.features.embedded_confidence.unwrap_or(-1.0);
            let (sure, model) = match self {
                Self::Threshold { sure, model } => (sure, model),
                Self::Mix { share } if dice.share() < share => (0.6, PREMIUM),
                Self::Mix { .. } => (0.6, OWN),
            };
            if confidence >= sure {
                month.show(point.embedded_is_right, point.embedded_kept);
                continue;
            }
            let would = match budget.reserve(point.arms[model].worst) {
                Some(call) => {
                    budget.settle(call, point.arms[model].cost);
                    &point.arms[model]
                }
                None => &point.arms[OWN],
            };
            month.show(would.is_right, would.kept);
        }
        month.spent = part(budget.spent(), ceiling);
        month
    }
}

fn part(spent: Money, ceiling: Ceiling) -> f64 {
    spent.pico_usd() as f64 / ceiling.get().pico_usd() as f64
}

/// Returns the rule of this kind that keeps most, judged after the month.
pub fn best(rules: impl Iterator<Item = Rule>, run: impl Fn(Rule) -> Month) -> Month {
    let months = rules.map(run);
    months
        .max_by(|a, b| a.net().total_cmp(&b.net()))
        .unwrap_or_default()
}
