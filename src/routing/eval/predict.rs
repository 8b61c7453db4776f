//! How likely each model is to be right, and what it would cost: before any call, and after some.
//!
//! Two storeys. Below, one regression per model on everything that is known of an instance. Above,
//! for every set of models that may have been called, one regression per model on what those below
//! say and on what the called ones showed. The upper one has a score of features, so a few hundred
//! instances are enough for it; and it learns from predictions that were made without the instance
//! itself, so that it knows what they are worth.

use std::collections::HashMap;

use super::linear::Ridge;
use super::table::{SLOTS, Table};
use crate::domain::fnv1a;
use crate::routing::{Channel, Example, FeatureVector, Logistic, logit, sigmoid};

/// An instance is predicted by a regression that has not seen it; that many parts make it so.
pub(super) const FOLDS: usize = 5;
/// More instances teach a router next to nothing, and take their time.
const ENOUGH: usize = 8_000;
const ROUNDS: usize = 25;
/// How firmly a weight on a feature is held near 0, below and above.
const PRECISION: f64 = 20.0;
const UPPER_PRECISION: f64 = 10.0;

/// Returns the part that an instance belongs to: by its name, so that it is always the same.
pub(super) fn fold_of(id: &str) -> usize {
    // The high bits: the low ones of this hash follow the last letter.
    (fnv1a(id.as_bytes()).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33) as usize % FOLDS
}

/// The sets of called models after which there is a choice: none, one, two.
#[derive(Clone, Debug)]
pub(super) struct States {
    sets: Vec<u32>,
    index: HashMap<u32, usize>,
}

impl States {
    pub fn of(models: usize) -> Self {
        let mut sets = vec![0_u32];
        for first in 0..models {
            sets.push(1 << first);
        }
        for first in 0..models {
            for second in first + 1..models {
                sets.push(1 << first | 1 << second);
            }
        }
        let index = sets
            .iter()
            .enumerate()
            .map(|(index, set)| (*set, index))
            .collect();
        Self { sets, index }
    }

    pub fn sets(&self) -> &[u32] {
        &self.sets
    }

    /// Returns the state of a set of called models, if there is still a choice after it.
    pub fn state(&self, set: u32) -> Option<usize> {
        self.index.get(&set).copied()
    }
}

/// What is expected of one instance: by state, then by model. Only the states that a walk passes
/// through may be looked at: each knows what its called models have shown.
#[derive(Clone, Debug)]
pub(super) struct Outlook {
    models: usize,
    chances: Vec<f32>,
    costs: Vec<f32>,
}

impl Outlook {
    pub fn chance(&self, state: usize, model: usize) -> f64 {
        f64::from(self.chances[state * self.models + model])
    }

    pub fn cost(&self, state: usize, model: usize) -> f64 {
        f64::from(self.costs[state * self.models + model])
    }
}

/// The lower storey.
#[derive(Clone, Debug)]
struct Ground {
    chance: Vec<Logistic>,
    cost: Vec<Ridge>,
    word_weight: f32,
}

/// What the lower storey says of one instance: logits, and logarithms of costs.
#[derive(Clone, Debug)]
pub(super) struct Said {
    logits: Vec<f64>,
    costs: Vec<f64>,
}

impl Ground {
    fn fit(table: &Table, wide: &[FeatureVector], rows: &[usize], word_weight: f32) -> Self {
        let models = table.cells.first().map_or(0, Vec::len);
        let mut ground = Self {
            chance: Vec::new(),
            cost: Vec::new(),
            word_weight,
        };
        for model in 0..models {
            let known = rows.iter().filter_map(|&row| {
                let cell = table.cells[row][model].as_ref()?;
                Some((row, cell))
            });
            let examples: Vec<Example<'_>> = known
                .clone()
                .map(|(row, cell)| Example {
                    features: &wide[row],
                    label: cell.score,
                    weight: 1.0,
                })
                .collect();
            let n = examples.len() as f64;
            let mean =
                (examples.iter().map(|example| example.label).sum::<f64>() + 0.5) / (n + 1.0);
            let mut chance = Logistic::new(SLOTS, logit(mean), 1.0, PRECISION);
            chance.fit(&examples, ROUNDS);
            ground.chance.push(chance);
            let costs: Vec<(&FeatureVector, f64)> = known
                .map(|(row, cell)| (&table.plain[row], log_cost(cell.cost)))
                .collect();
            ground.cost.push(Ridge::fit(&costs, SLOTS as usize, 4.0));
        }
        ground
    }

    fn say(&self, plain: &FeatureVector, wide: &FeatureVector) -> Said {
        Said {
            logits: self.chance.iter().map(|m| m.believe(wide).mean).collect(),
            costs: self.cost.iter().map(|cost| cost.predict(plain)).collect(),
        }
    }
}

/// The upper storey for one state.
#[derive(Clone, Debug)]
struct Upper {
    chance: Vec<Logistic>,
    cost: Vec<Ridge>,
    /// By model: what the mean of exponents is above the exponent of the mean.
    smear: Vec<f64>,
}

/// Both storeys.
#[derive(Clone, Debug)]
pub(super) struct Predictor {
    ground: Ground,
    upper: Vec<Upper>,
    states: States,
    layout: Layout,
}

/// Where what is in the vectors of the upper storey.
#[derive(Clone, Debug)]
struct Layout {
    models: usize,
    signals: Vec<u32>,
    slots: u32,
}

impl Layout {
    fn of(signal_slots: &[u32]) -> Self {
        let models = signal_slots.len();
        let mut next = 1 + 2 * models as u32;
        let mut signals = Vec::new();
        for slots in signal_slots {
            signals.push(next);
            next += slots;
        }
        Self {
            models,
            signals,
            slots: next,
        }
    }

    fn vector(&self, said: &Said, table: &Table, row: usize, set: u32) -> FeatureVector {
        let mut entries = vec![(0, 1.0)];
        for model in 0..self.models {
            entries.push((1 + model as u32, said.logits[model] as f32));
            // About one in size: costs lie some powers of ten below a dollar.
            let cost = (said.costs[model] + 8.0) / 4.0;
            entries.push(((1 + self.models + model) as u32, cost as f32));
            if set & (1 << model) == 0 {
                continue;
            }
            if let Some(cell) = &table.cells[row][model] {
                let signals = cell.signals.iter();
                entries.extend(signals.map(|(slot, value)| (self.signals[model] + slot, *value)));
            }
        }
        FeatureVector::of_slots(entries)
    }
}

impl Predictor {
    /// Fits on `rows` of `table`, and returns what is expected of those rows that are complete by
    /// regressions that have not seen them.
    pub fn fit(
        table: &Table,
        rows: &[usize],
        signal_slots: &[u32],
    ) -> (Self, Vec<(usize, Outlook)>) {
        let layout = Layout::of(signal_slots);
        let states = States::of(layout.models);
        // Files are often sorted by something: rows from all over, not the first ones.
        let rows: Vec<usize> = (0..rows.len().min(ENOUGH))
            .map(|at| rows[at * rows.len() / rows.len().min(ENOUGH)])
            .collect();
        let rows = rows.as_slice();
        let word_weight = choose_word_weight(table, rows);
        let wide = widen(table, word_weight);
        let part = |row: &usize| fold_of(&table.ids[*row]);
        let mut said: HashMap<usize, Said> = HashMap::new();
        for fold in 0..FOLDS {
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                rows.iter().partition(|row| part(row) == fold);
            let ground = Ground::fit(table, &wide, &outside, word_weight);
            for row in inside {
                said.insert(row, ground.say(&table.plain[row], &wide[row]));
            }
        }
        let ground = Ground::fit(table, &wide, rows, word_weight);
        let complete: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&row| table.cells[row].iter().all(Option::is_some))
            .collect();
        let mut outlooks: HashMap<usize, Outlook> = HashMap::new();
        for fold in 0..FOLDS {
            let (inside, outside): (Vec<usize>, Vec<usize>) =
                complete.iter().partition(|row| part(row) == fold);
            let upper = fit_upper(table, &outside, &said, &layout, &states);
            for row in inside {
                let outlook = look(&upper, &layout, &states, &said[&row], table, row);
                outlooks.insert(row, outlook);
            }
        }
        let upper = fit_upper(table, &complete, &said, &layout, &states);
        let predictor = Self {
            ground,
            upper,
            states,
            layout,
        };
        let seen = complete
            .into_iter()
            .filter_map(|row| Some((row, outlooks.remove(&row)?)));
        (predictor, seen.collect())
    }

    pub fn states(&self) -> &States {
        &self.states
    }

    /// Returns what is expected of an instance of another table.
    pub fn outlook(&self, table: &Table, row: usize) -> Outlook {
        let wide = widen_row(table, row, self.ground.word_weight);
        let said = self.ground.say(&table.plain[row], &wide);
        look(&self.upper, &self.layout, &self.states, &said, table, row)
    }

    /// Learns the score of a model that was called.
    pub fn observe(&mut self, table: &Table, row: usize, model: usize) {
        let features = widen_row(table, row, self.ground.word_weight);
        let example = Example {
            features: &features,
            label: table.cell(row, model).score,
            weight: 1.0,
        };
        self.ground.chance[model].observe(example, Channel::CLEAR);
    }
}

fn log_cost(cost: f64) -> f64 {
    cost.max(1e-9).ln()
}

fn widen(table: &Table, weight: f32) -> Vec<FeatureVector> {
    (0..table.ids.len())
        .map(|row| widen_row(table, row, weight))
        .collect()
}

/// Returns the features of an instance with its words, which count this much.
fn widen_row(table: &Table, row: usize, weight: f32) -> FeatureVector {
    if weight == 0.0 {
        return table.plain[row].clone();
    }
    let mut entries = table.plain[row].entries().to_vec();
    entries.extend(table.words[row].iter().map(|&(word, count)| {
        let slot = 1 + (word.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32 % (SLOTS - 1);
        (slot, weight * count.max(0.0).ln_1p())
    }));
    FeatureVector::of_slots(entries)
}

/// Returns how much words should count: what predicts a part best that was left out.
fn choose_word_weight(table: &Table, rows: &[usize]) -> f32 {
    if rows.iter().all(|&row| table.words[row].is_empty()) {
        return 0.0;
    }
    let sample = &rows[..rows.len().min(4_000)];
    let (inside, outside): (Vec<usize>, Vec<usize>) = sample
        .iter()
        .partition(|row| fold_of(&table.ids[**row]) < 2);
    let loss = |weight: f32| {
        let wide = widen(table, weight);
        let ground = Ground::fit(table, &wide, &outside, weight);
        let mut loss = 0.0;
        for &row in &inside {
            let said = ground.say(&table.plain[row], &wide[row]);
            for (logit, cell) in said.logits.iter().zip(&table.cells[row]) {
                if let Some(cell) = cell {
                    let p = sigmoid(*logit).clamp(1e-6, 1.0 - 1e-6);
                    loss -= cell.score * p.ln() + (1.0 - cell.score) * (1.0 - p).ln();
                }
            }
        }
        loss
    };
    let weights = [0.0, 0.3, 0.7, 1.2];
    let losses = weights.map(loss);
    let best = (0..weights.len()).min_by(|&a, &b| losses[a].total_cmp(&losses[b]));
    best.map_or(0.0, |best| weights[best])
}

fn fit_upper(
    table: &Table,
    rows: &[usize],
    said: &HashMap<usize, Said>,
    layout: &Layout,
    states: &States,
) -> Vec<Upper> {
    let fit_state = |&set: &u32| {
        let vectors: Vec<FeatureVector> = rows
            .iter()
            .map(|row| layout.vector(&said[row], table, *row, set))
            .collect();
        let mut upper = Upper {
            chance: Vec::new(),
            cost: Vec::new(),
            smear: Vec::new(),
        };
        for model in 0..layout.models {
            let examples: Vec<Example<'_>> = rows
                .iter()
                .zip(&vectors)
                .map(|(&row, features)| Example {
                    features,
                    label: table.cell(row, model).score,
                    weight: 1.0,
                })
                .collect();
            let start = Logistic::new(layout.slots, 0.0, 1.0, UPPER_PRECISION);
            // What is said below is right until there is evidence against it.
            let mut chance = start.expecting(1 + model as u32, 1.0, 2.0 * UPPER_PRECISION);
            chance.fit(&examples, ROUNDS);
            upper.chance.push(chance);
            let costs: Vec<(&FeatureVector, f64)> = rows
                .iter()
                .zip(&vectors)
                .map(|(&row, features)| (features, log_cost(table.cell(row, model).cost)))
                .collect();
            let cost = Ridge::fit(&costs, layout.slots as usize, 1.0);
            let (mut paid, mut expected) = (0.0, 0.0);
            for (features, log) in &costs {
                paid += log.exp();
                expected += cost.predict(features).exp();
            }
            let smear = if expected > 0.0 { paid / expected } else { 1.0 };
            upper.cost.push(cost);
            upper.smear.push(smear);
        }
        upper
    };
    states.sets().iter().map(fit_state).collect()
}

fn look(
    upper: &[Upper],
    layout: &Layout,
    states: &States,
    said: &Said,
    table: &Table,
    row: usize,
) -> Outlook {
    let mut outlook = Outlook {
        models: layout.models,
        chances: Vec::new(),
        costs: Vec::new(),
    };
    for (upper, &set) in upper.iter().zip(states.sets()) {
        let features = layout.vector(said, table, row, set);
        for model in 0..layout.models {
            let chance = sigmoid(upper.chance[model].believe(&features).mean);
            let cost = upper.smear[model] * upper.cost[model].predict(&features).exp();
            outlook.chances.push(chance as f32);
            outlook.costs.push(cost as f32);
        }
    }
    outlook
}
