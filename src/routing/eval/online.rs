//! A table as a stream: one instance after the other, a budget, and scores of one's own calls only.

use super::fitted::Fitted;
use super::policy::Next;
use super::table::Table;
use crate::domain::Dice;
use crate::routing::{Pacer, solve};

/// How often the price is solved anew.
const RESOLVE: usize = 50;

/// A longer run shows nothing else.
pub(super) const LONGEST_RUN: usize = 10_000;

/// What came of a run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub spent: f64,
    pub quality: f64,
}

/// A table to run on, as every router sees it.
pub(super) struct Stream<'t> {
    /// By router: the table with the models that it uses.
    pub tables: Vec<Table>,
    /// The instances, each with the router that has not seen it.
    pub rows: Vec<(usize, usize)>,
    pub routers: &'t [Fitted],
    /// By router and model: the most that a call can cost.
    pub worst: Vec<Vec<f64>>,
}

impl Stream<'_> {
    /// Runs through the instances in an order that the seed gives, the first 10,000, and spends `budget` at the most:
    /// a call is made only where its worst cost still fits.
    pub fn run(&self, budget: f64, seed: u64) -> Run {
        let mut dice = Dice::new(seed);
        let mut order = self.rows.clone();
        dice.shuffle(&mut order);
        order.truncate(LONGEST_RUN);
        let mut routers = self.routers.to_vec();
        let mut pacers = vec![Pacer::new(0.0); routers.len()];
        let mut steps = vec![0_usize; routers.len()];
        let (mut spent, mut scores) = (0.0, 0.0);
        for (done, &(row, which)) in order.iter().enumerate() {
            let (router, table) = (&mut routers[which], &self.tables[which]);
            let allowance = (budget - spent) / (order.len() - done) as f64;
            if steps[which].is_multiple_of(RESOLVE) {
                pacers[which].rebase(solve(&router.curve, allowance));
            }
            steps[which] += 1;
            let at = index_of(&router.curve, pacers[which].price(), dice.share());
            let outlook = router.predictor.outlook(table, row);
            let (mut called, mut cost) = (0_u32, 0.0);
            let kept = loop {
                let model = match router.next(at, called, &outlook) {
                    Next::Keep(kept) => break Some(kept),
                    Next::Call(model) => model,
                };
                let fits = |model: &usize| spent + cost + self.worst[which][*model] <= budget;
                // What does not fit goes to the next cheaper one; with an answer at hand, to none.
                let admitted = if called == 0 {
                    let cheaper = router.by_cost.iter().rev().copied();
                    cheaper.skip_while(|known| *known != model).find(fits)
                } else {
                    Some(model).filter(fits)
                };
                let Some(model) = admitted else {
                    break (called != 0).then(|| (u32::BITS - 1 - called.leading_zeros()) as usize);
                };
                called |= 1 << model;
                cost += table.cell(row, model).cost;
                if model < router.judged {
                    router.predictor.observe(table, row, model);
                }
            };
            spent += cost;
            scores += kept.map_or(0.0, |kept| table.cell(row, kept).score);
            pacers[which].step(cost, allowance);
        }
        Run {
            spent,
            quality: scores / order.len().max(1) as f64,
        }
    }
}

/// Returns the price of the curve that a price stands for; between two, chance decides.
fn index_of(curve: &[(f64, f64)], price: f64, number: f64) -> usize {
    let above = curve.partition_point(|(known, _)| *known <= price);
    if above == 0 {
        return 0;
    }
    let Some((high, _)) = curve.get(above) else {
        return curve.len() - 1;
    };
    let low = curve[above - 1].0;
    let share = (price - low) / (high - low);
    if number < share { above } else { above - 1 }
}
