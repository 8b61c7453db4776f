//! A table of outcomes as it was read, and as the estimates see it.
//!
//! How a column is scaled, which kinds of a name are known and where the knots of a signal lie is
//! taken from the table that is fitted on; the other one is read with the same eyes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::routing::{Encoder, FeatureVector};

/// Slots for the features of instances.
pub(super) const SLOTS: u32 = 8_192;
/// A name with more different texts than this is an identity, not a kind.
const MOST_KINDS: usize = 64;
/// Numbers that spread over more than this ratio are taken by their logarithm.
const WIDE: f64 = 20.0;

/// One instance as its file describes it.
#[derive(Clone, Debug, Default)]
pub struct RawInstance {
    /// Its name.
    pub id: String,
    /// Numbers by name.
    pub numbers: Vec<(String, f64)>,
    /// Short texts by name.
    pub kinds: Vec<(String, String)>,
    /// Hashed words with how often they come.
    pub words: Vec<(u64, f32)>,
}

/// What one model did on one instance.
#[derive(Clone, Debug)]
pub struct RawCell {
    /// Name of the instance.
    pub instance: String,
    /// Name of the model.
    pub model: String,
    /// How good the answer was, from 0 to 1.
    pub score: f64,
    /// What the call cost, in US dollars.
    pub cost_usd: f64,
    /// Every other number of the row, by column.
    pub numbers: Vec<(usize, f64)>,
    /// Every other text of the row, by column.
    pub kinds: Vec<(usize, String)>,
}

/// A table as it was read.
#[derive(Clone, Debug, Default)]
pub struct RawTable {
    /// What is known of the instances.
    pub instances: Vec<RawInstance>,
    /// What the models did on them.
    pub cells: Vec<RawCell>,
    /// Names of the other columns.
    pub columns: Vec<String>,
}

/// What one model did, as the estimates see it.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub score: f64,
    pub cost: f64,
    /// What could be seen of the answer without knowing its score.
    pub signals: Vec<(u32, f32)>,
}

/// The instances, each with what every model did; `None` where a model was not run.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub ids: Vec<String>,
    pub plain: Vec<FeatureVector>,
    pub words: Vec<Vec<(u64, f32)>>,
    pub cells: Vec<Vec<Option<Cell>>>,
}

impl Table {
    /// Returns the instances that every model was run on.
    pub fn complete(&self) -> Vec<usize> {
        let rows = self.cells.iter().enumerate();
        rows.filter(|(_, cells)| cells.iter().all(Option::is_some))
            .map(|(row, _)| row)
            .collect()
    }

    /// Returns the table with some of its models, in the order in which they are named.
    pub fn only(&self, models: &[usize]) -> Self {
        let narrow = |cells: &Vec<Option<Cell>>| {
            let cells = models.iter().map(|&model| cells[model].clone());
            cells.collect()
        };
        Self {
            cells: self.cells.iter().map(narrow).collect(),
            ..self.clone()
        }
    }

    /// Returns what a model did on an instance that is complete.
    pub fn cell(&self, row: usize, model: usize) -> &Cell {
        self.cells[row][model]
            .as_ref()
            .expect("only complete instances are asked for")
    }
}

/// How one number is scaled.
#[derive(Clone, Debug)]
struct Scale {
    is_log: bool,
    mean: f64,
    deviation: f64,
}

impl Scale {
    /// Returns `None` for a number that is always the same.
    fn of(values: &[f64]) -> Option<Self> {
        let (mut least, mut most) = (f64::INFINITY, f64::NEG_INFINITY);
        let mut smallest = f64::INFINITY;
        for &value in values {
            (least, most) = (least.min(value), most.max(value));
            if value > 0.0 {
                smallest = smallest.min(value);
            }
        }
        if least >= most {
            return None;
        }
        let is_log = least > 0.0 && most / smallest > WIDE;
        let at = |value: f64| if is_log { value.ln() } else { value };
        let n = values.len() as f64;
        let mean = values.iter().map(|&value| at(value)).sum::<f64>() / n;
        let variance = values.iter().map(|&value| (at(value) - mean).powi(2));
        let deviation = (variance.sum::<f64>() / n).sqrt();
        (deviation > 0.0).then_some(Self {
            is_log,
            mean,
            deviation,
        })
    }

    fn apply(&self, value: f64) -> f64 {
        // A table that was not fitted on may hold what has no logarithm.
        let value = if self.is_log {
            value.max(f64::MIN_POSITIVE).ln()
        } else {
            value
        };
        ((value - self.mean) / self.deviation).clamp(-5.0, 5.0)
    }
}

/// A number that a model's answer shows, with the knots of its broken line.
#[derive(Clone, Debug)]
struct Signal {
    scale: Scale,
    knots: Vec<f64>,
    slot: u32,
}

impl Signal {
    const WIDTH: u32 = 4;

    fn of(values: &[f64], slot: u32) -> Option<Self> {
        let scale = Scale::of(values)?;
        let mut scaled: Vec<f64> = values.iter().map(|&value| scale.apply(value)).collect();
        scaled.sort_by(f64::total_cmp);
        let quantile = |q: f64| scaled[((scaled.len() - 1) as f64 * q) as usize];
        let mut knots = vec![quantile(0.25), quantile(0.5), quantile(0.75)];
        knots.dedup();
        let (first, last) = (scaled[0], scaled[scaled.len() - 1]);
        knots.retain(|knot| *knot > first && *knot < last);
        Some(Self { scale, knots, slot })
    }

    fn add(&self, value: f64, to: &mut Vec<(u32, f32)>) {
        let z = self.scale.apply(value);
        to.push((self.slot, z as f32));
        for (index, knot) in self.knots.iter().enumerate() {
            if z > *knot {
                to.push((self.slot + 1 + index as u32, (z - knot) as f32));
            }
        }
    }
}

/// The eyes: made from one table, used on others.
#[derive(Clone, Debug)]
pub(super) struct Encoding {
    models: Vec<String>,
    numbers: HashMap<String, Scale>,
    kinds: HashMap<String, BTreeSet<String>>,
    signals: Vec<HashMap<String, Signal>>,
    signal_kinds: Vec<HashMap<(String, String), u32>>,
    /// Slots of each model's signals, counted from 0.
    pub signal_slots: Vec<u32>,
}

impl Encoding {
    pub fn of(raw: &RawTable, models: &[String]) -> Self {
        let mut numbers: HashMap<&str, Vec<f64>> = HashMap::new();
        let mut kinds: HashMap<&str, BTreeSet<&str>> = HashMap::new();
        for instance in &raw.instances {
            for (name, value) in &instance.numbers {
                numbers.entry(name).or_default().push(*value);
            }
            for (name, kind) in &instance.kinds {
                kinds.entry(name).or_default().insert(kind);
            }
        }
        let few = |kinds: &BTreeSet<&str>| (2..=MOST_KINDS).contains(&kinds.len());
        let mut encoding = Self {
            models: models.to_vec(),
            numbers: numbers
                .into_iter()
                .filter_map(|(name, values)| Some((name.to_owned(), Scale::of(&values)?)))
                .collect(),
            kinds: kinds
                .into_iter()
                .filter(|(_, kinds)| few(kinds))
                .map(|(name, kinds)| {
                    let kinds = kinds.into_iter().map(str::to_owned).collect();
                    (name.to_owned(), kinds)
                })
                .collect(),
            signals: Vec::new(),
            signal_kinds: Vec::new(),
            signal_slots: Vec::new(),
        };
        for model in models {
            encoding.see_signals(raw, model);
        }
        encoding
    }

    fn see_signals(&mut self, raw: &RawTable, model: &str) {
        // What a call has cost is known after it, like every other column.
        let mut numbers: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
        let mut kinds: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for cell in raw.cells.iter().filter(|cell| cell.model == model) {
            numbers.entry(COST).or_default().push(cell.cost_usd);
            for (column, value) in &cell.numbers {
                numbers
                    .entry(&raw.columns[*column])
                    .or_default()
                    .push(*value);
            }
            for (column, kind) in &cell.kinds {
                kinds.entry(&raw.columns[*column]).or_default().insert(kind);
            }
        }
        let mut slots = 0;
        let mut signals = HashMap::new();
        for (name, values) in numbers {
            if let Some(signal) = Signal::of(&values, slots) {
                signals.insert(name.to_owned(), signal);
                slots += Signal::WIDTH;
            }
        }
        let mut signal_kinds = HashMap::new();
        for (name, kinds) in kinds {
            if !(2..=MOST_KINDS).contains(&kinds.len()) {
                continue;
            }
            for kind in kinds {
                signal_kinds.insert((name.to_owned(), kind.to_owned()), slots);
                slots += 1;
            }
        }
        self.signals.push(signals);
        self.signal_kinds.push(signal_kinds);
        self.signal_slots.push(slots);
    }

    /// Returns the table of these models; several rows of one cell are averaged.
    pub fn read(&self, raw: &RawTable) -> Table {
        let known: HashMap<&str, &RawInstance> = raw
            .instances
            .iter()
            .map(|instance| (instance.id.as_str(), instance))
            .collect();
        let index: HashMap<&str, usize> = self
            .models
            .iter()
            .enumerate()
            .map(|(index, model)| (model.as_str(), index))
            .collect();
        let mut rows: HashMap<&str, usize> = HashMap::new();
        let mut table = Table::default();
        let mut counts: Vec<Vec<u32>> = Vec::new();
        for cell in &raw.cells {
            let Some(&model) = index.get(cell.model.as_str()) else {
                continue;
            };
            let row = *rows.entry(&cell.instance).or_insert_with(|| {
                let instance = known.get(cell.instance.as_str()).copied();
                table.ids.push(cell.instance.clone());
                table.plain.push(self.features(instance));
                table
                    .words
                    .push(instance.map_or_else(Vec::new, |known| known.words.clone()));
                table.cells.push(vec![None; self.models.len()]);
                counts.push(vec![0; self.models.len()]);
                table.ids.len() - 1
            });
            counts[row][model] += 1;
            let n = f64::from(counts[row][model]);
            match &mut table.cells[row][model] {
                Some(known) => {
                    known.score += (cell.score - known.score) / n;
                    known.cost += (cell.cost_usd - known.cost) / n;
                }
                empty => *empty = Some(self.cell(raw, model, cell)),
            }
        }
        table
    }

    fn features(&self, instance: Option<&RawInstance>) -> FeatureVector {
        let mut encoder = Encoder::new(SLOTS);
        let Some(instance) = instance else {
            encoder.kind("instance", "unknown");
            return encoder.finish();
        };
        for (name, value) in &instance.numbers {
            if let Some(scale) = self.numbers.get(name) {
                encoder.number(name, scale.apply(*value));
            }
        }
        for (name, kind) in &instance.kinds {
            if self
                .kinds
                .get(name)
                .is_some_and(|kinds| kinds.contains(kind))
            {
                encoder.kind(name, kind);
            }
        }
        encoder.finish()
    }

    fn cell(&self, raw: &RawTable, model: usize, cell: &RawCell) -> Cell {
        let mut signals = Vec::new();
        let known = &self.signals[model];
        if let Some(signal) = known.get(COST) {
            signal.add(cell.cost_usd, &mut signals);
        }
        for (column, value) in &cell.numbers {
            if let Some(signal) = known.get(&raw.columns[*column]) {
                signal.add(*value, &mut signals);
            }
        }
        for (column, kind) in &cell.kinds {
            let key = (raw.columns[*column].clone(), kind.clone());
            if let Some(slot) = self.signal_kinds[model].get(&key) {
                signals.push((*slot, 1.0));
            }
        }
        Cell {
            score: cell.score,
            cost: cell.cost_usd,
            signals,
        }
    }
}

/// The name under which the cost of a call is a signal; a column of a file is never called so.
const COST: &str = " cost";
