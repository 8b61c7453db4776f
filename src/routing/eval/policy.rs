//! Whom to call, and when to stop: for every price of money, the walk that is worth most.
//!
//! After each call there is a choice: keep the best of the answers at hand, or pay for a dearer
//! one. What going on is worth depends on what the next answer will show, which is not known yet;
//! it is estimated by a regression on what is known, from the last choice backwards.

use super::linear::least_squares;
use super::predict::{Outlook, States};

/// What the walks may look at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// The question alone: one call, no second.
    Question,
    /// Also what the called models have shown.
    Answers,
}

/// One walk: whom it called, as a set, and whose answer it kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Walk {
    pub called: u128,
    pub kept: usize,
}

/// What to do next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Next {
    Keep(usize),
    Call(usize),
}

/// The walks for one price of money.
#[derive(Clone, Debug)]
struct Values {
    /// Score that a dollar has to bring.
    price: f64,
    /// By state and model: weights of the value after calling it.
    onward: Vec<Vec<Option<Vec<f64>>>>,
}

/// The walks for all prices, from money is nothing to money is everything.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    states: States,
    models: usize,
    kind: Kind,
    values: Vec<Values>,
}

/// How many prices there are.
pub(super) const PRICES: usize = 64;

impl Policy {
    /// Returns the prices, as scores per dollar, where a call of the best model costs `scale`
    /// dollars.
    pub fn prices(scale: f64) -> impl Iterator<Item = f64> {
        let scale = scale.max(f64::MIN_POSITIVE);
        // From a thousandth of a score for such a call to a thousand scores, in even ratios.
        let step = |index: usize| 1e-3 * 10_f64.powf(6.0 * index as f64 / (PRICES - 2) as f64);
        std::iter::once(0.0).chain((0..PRICES - 1).map(move |index| step(index) / scale))
    }

    /// Finds the walks on instances whose outlooks were made without them. Models are in the order
    /// of their cost.
    pub fn learn(
        outlooks: &[Outlook],
        states: &States,
        models: usize,
        kind: Kind,
        scale: f64,
    ) -> Self {
        let mut policy = Self {
            states: states.clone(),
            models,
            kind,
            values: Vec::new(),
        };
        let bases: Vec<Vec<Vec<f64>>> = (0..states.sets().len())
            .map(|state| {
                let basis = |outlook: &Outlook| basis(outlook, state, models);
                outlooks.iter().map(basis).collect()
            })
            .collect();
        for price in Self::prices(scale) {
            let values = Values {
                price,
                onward: vec![vec![None; models]; states.sets().len()],
            };
            policy.values.push(values);
            let at = policy.values.len() - 1;
            // From two calls back to none: what follows is known before it is needed.
            for calls in (0..2_u32).rev() {
                for (state, &set) in states.sets().iter().enumerate() {
                    if set.count_ones() == calls {
                        policy.look_beyond(at, state, set, outlooks, &bases[state]);
                    }
                }
            }
        }
        policy
    }

    fn look_beyond(
        &mut self,
        at: usize,
        state: usize,
        set: u32,
        outlooks: &[Outlook],
        bases: &[Vec<f64>],
    ) {
        for model in self.dearer(set) {
            let Some(next) = self.states.state(set | 1 << model) else {
                continue;
            };
            let values: Vec<f64> = outlooks
                .iter()
                .map(|outlook| self.choose(at, next, set | 1 << model, outlook).1)
                .collect();
            self.values[at].onward[state][model] = Some(least_squares(bases, &values, 1.0));
        }
    }

    /// Returns the models that may be called after `set`: those that cost more than all in it.
    fn dearer(&self, set: u32) -> std::ops::Range<usize> {
        let first = (u32::BITS - set.leading_zeros()) as usize;
        match self.kind {
            Kind::Question if set != 0 => 0..0,
            _ => first..self.models,
        }
    }

    /// Returns what to do after `set` was called, and what that is worth.
    fn choose(&self, at: usize, state: usize, set: u32, outlook: &Outlook) -> (Next, f64) {
        let mut best = (Next::Keep(0), f64::NEG_INFINITY);
        for model in (0..self.models).filter(|model| set & (1 << model) != 0) {
            let value = outlook.chance(state, model);
            // Of two that are as good, the dearer one was called for a reason.
            if value >= best.1 {
                best = (Next::Keep(model), value);
            }
        }
        let values = &self.values[at];
        for model in self.dearer(set) {
            let after = match &values.onward[state][model] {
                Some(weights) => {
                    let known = basis(outlook, state, self.models);
                    let value: f64 = known.iter().zip(weights).map(|(x, w)| x * w).sum();
                    value.clamp(0.0, 1.0)
                }
                None => outlook.chance(state, model),
            };
            let value = after - values.price * outlook.cost(state, model);
            if value > best.1 {
                best = (Next::Call(model), value);
            }
        }
        best
    }

    /// Returns what to do at a price after the models of `set` were called.
    pub fn next(&self, at: usize, set: u32, outlook: &Outlook) -> Next {
        match self.states.state(set) {
            Some(state) => self.choose(at, state, set, outlook).0,
            // Three were called: the last and dearest is kept.
            None => Next::Keep((u32::BITS - 1 - set.leading_zeros()) as usize),
        }
    }

    /// Returns the whole walk at a price.
    pub fn walk(&self, at: usize, outlook: &Outlook) -> Walk {
        let mut called = 0_u32;
        loop {
            match self.next(at, called, outlook) {
                Next::Keep(kept) => {
                    return Walk {
                        called: called.into(),
                        kept,
                    };
                }
                Next::Call(model) => called |= 1 << model,
            }
        }
    }
}

/// What the value of going on is predicted from: the chances as they are, and bent.
fn basis(outlook: &Outlook, state: usize, models: usize) -> Vec<f64> {
    let mut basis = Vec::with_capacity(1 + 2 * models);
    basis.push(1.0);
    for model in 0..models {
        let p = outlook.chance(state, model);
        basis.push(p);
        basis.push(p * p);
    }
    basis
}
