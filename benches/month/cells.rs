//! What came of each model in each language: whether what was believed of it was so, and whether it
//! was noticed that it had become worse.

use std::collections::BTreeMap;

use mantle_ls::domain::Dice;
use mantle_ls::routing::{Calibration, Turn};

use super::world::{ARMS, FALL_DAY, FALLEN, LANGUAGES, Point};

/// The calibration error that is wanted, at most.
const WANTED: f64 = 0.05;
/// How often labels are drawn from what was believed, to see what chance alone makes of it.
const DRAWS: usize = 20;
/// What is believed after so many labels of a cell is learnt, and not what it began with.
const LEARNT: f64 = 300.0;

/// One model in one language.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// Whether answers were right.
    offers: Calibration,
    /// The same of those after the first 300.
    later: Calibration,
    /// The same with labels that come as they were believed.
    drawn: [Calibration; DRAWS],
    /// Labels since the day of the fall.
    late: u32,
    /// After how many of them it was demoted.
    noticed: Option<u32>,
    /// How often it was demoted without having changed.
    falsely: u32,
}

/// A month by model and language.
#[derive(Clone, Debug, Default)]
pub struct Cells {
    cells: BTreeMap<(usize, usize), Cell>,
    dice: Option<Dice>,
    /// By language: suggestions that were shown, and were right; over the month, and from the fall on.
    shown: [[f64; 2]; LANGUAGES.len()],
    late: [[f64; 2]; LANGUAGES.len()],
}

impl Cells {
    /// Takes an answer of a model: what was believed of it before, and whether it was right.
    pub fn offered(&mut self, arm: usize, point: &Point, believed: f64, is_right: bool) {
        let cell = self.cells.entry((arm, point.language)).or_default();
        if cell.offers.weight() >= LEARNT {
            cell.later.observe(believed, is_right, 1.0);
        }
        cell.offers.observe(believed, is_right, 1.0);
        let dice = self.dice.get_or_insert_with(|| Dice::new(0xca11));
        for drawn in &mut cell.drawn {
            drawn.observe(believed, dice.share() < believed, 1.0);
        }
        cell.late += u32::from(point.day >= FALL_DAY);
    }

    /// Takes what the watch says after it.
    pub fn turned(&mut self, arm: usize, point: &Point, turn: Turn) {
        let cell = self.cells.entry((arm, point.language)).or_default();
        let has_changed = (arm, point.language) == FALLEN && point.day >= FALL_DAY;
        match turn {
            Turn::Demoted if has_changed => cell.noticed = cell.noticed.or(Some(cell.late)),
            Turn::Demoted => cell.falsely += 1,
            Turn::Returned => {}
        }
    }

    /// Takes a suggestion that was shown, whoever has made it.
    pub fn shown(&mut self, point: &Point, is_right: bool) {
        let more = [1.0, f64::from(u8::from(is_right))];
        let late = (point.day >= FALL_DAY).then_some(&mut self.late[point.language]);
        for sums in std::iter::once(&mut self.shown[point.language]).chain(late) {
            sums.iter_mut()
                .zip(more)
                .for_each(|(sum, more)| *sum += more);
        }
    }

    /// Returns the share of what was shown in a language since the fall that was right.
    pub fn late_share(&self, language: usize) -> f64 {
        share(self.late[language])
    }

    /// Returns each model and language with enough offers.
    fn known(&self) -> impl Iterator<Item = &Cell> {
        let cells = self.cells.values();
        cells.filter(|cell| cell.offers.error().is_some())
    }
}

fn share([shown, right]: [f64; 2]) -> f64 {
    right / shown.max(1.0)
}

/// Returns how far apart the languages are: the standard deviation of a share.
fn deviation(shares: [f64; LANGUAGES.len()]) -> f64 {
    let n = shares.len() as f64;
    let mean = shares.iter().sum::<f64>() / n;
    (shares.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / n).sqrt()
}

/// A month, and the same month without the fall.
pub struct Pair {
    /// How far apart languages are for each model, asked about everything.
    pub raw: [f64; ARMS.len()],
    pub fallen: Cells,
    pub steady: Cells,
    /// The month with the fall, which is known at once.
    pub warned: Cells,
}

/// Returns how far apart languages are for each model, asked about everything.
pub fn raw_spread(points: &[Point]) -> [f64; ARMS.len()] {
    std::array::from_fn(|arm| {
        let mut sums = [[0.0; 2]; LANGUAGES.len()];
        for point in points {
            sums[point.language][0] += 1.0;
            sums[point.language][1] += f64::from(u8::from(point.arms[arm].is_right));
        }
        deviation(sums.map(share))
    })
}

/// Prints how far what was believed is from what came, and what chance alone would make of beliefs
/// that are true.
fn print_calibration(months: &[Pair]) {
    let cells: Vec<&Cell> = months
        .iter()
        .flat_map(|month| month.fallen.known())
        .collect();
    let print = |name: &str, mut errors: Vec<f64>| {
        errors.sort_by(f64::total_cmp);
        let within = errors.iter().filter(|error| **error <= WANTED).count();
        println!(
            "calibration, {name}: {within} of {} are within 5 points; {:.1} in the median, {:.1} at most",
            errors.len(),
            100.0 * errors[errors.len() / 2],
            100.0 * errors[errors.len() - 1],
        );
    };
    let errors = |of: &dyn Fn(&Cell) -> Option<f64>| -> Vec<f64> {
        cells.iter().filter_map(|cell| of(cell)).collect()
    };
    print(
        "models in languages with 300 offers or more",
        errors(&|cell| cell.offers.error()),
    );
    print(
        "those of them with 300 more, from the 301st on",
        errors(&|cell| cell.later.error()),
    );
    let drawn = |draw: usize| errors(&move |cell| cell.drawn[draw].error());
    print(
        "the first again, labels drawn as believed (20 times)",
        (0..DRAWS).flat_map(drawn).collect(),
    );
    let is_beyond_chance = |cell: &&&Cell| {
        let drawn = cell.drawn.iter().filter_map(Calibration::error);
        cell.offers.error() > drawn.max_by(f64::total_cmp)
    };
    println!(
        "{} of {} are further off than any of twenty draws, {:.0} by chance",
        cells.iter().filter(is_beyond_chance).count(),
        cells.len(),
        cells.len() as f64 / (DRAWS + 1) as f64
    );
    let mut all = <[Calibration; ARMS.len()]>::default();
    for month in months {
        for ((arm, _), cell) in &month.fallen.cells {
            all[*arm].add(&cell.offers);
        }
    }
    for (all, name) in all.iter().zip(ARMS) {
        println!(
            "calibration of {name} over all languages and months: {:.1} points off, {:.1} % expected, {:.1} % came",
            100.0 * all.error().unwrap_or_default(),
            100.0 * all.expected().unwrap_or_default(),
            100.0 * all.came().unwrap_or_default(),
        );
    }
}

/// Prints what is known of some months.
pub fn print(months: &[Pair]) {
    let n = months.len() as f64;
    let mean = |of: &dyn Fn(&Pair) -> f64| months.iter().map(of).sum::<f64>() / n;
    print_calibration(months);
    let cell = |month: &Pair| month.fallen.cells.get(&FALLEN).cloned().unwrap_or_default();
    let mut noticed: Vec<u32> = months
        .iter()
        .filter_map(|month| cell(month).noticed)
        .collect();
    noticed.sort_unstable();
    let late = mean(&|month| f64::from(cell(month).late));
    println!(
        "the fall of eight points: noticed in {} of {} months, after {} labels in the median; {late:.0} \
         labels came after it",
        noticed.len(),
        months.len(),
        noticed.get(noticed.len() / 2).copied().unwrap_or_default(),
    );
    let falsely = mean(&|month| {
        let cells = month.fallen.cells.values();
        f64::from(cells.map(|cell| cell.falsely).sum::<u32>())
    });
    let all = (ARMS.len() * LANGUAGES.len()) as f64;
    println!(
        "demoted without having changed: {:.3} per cell and month",
        falsely / all
    );
    let steady = |month: &Pair| month.steady.late_share(FALLEN.1);
    let loss = |month: &Pair| steady(month) - month.fallen.late_share(FALLEN.1);
    let warned = |month: &Pair| steady(month) - month.warned.late_share(FALLEN.1);
    println!(
        "what a user saw of it: {:.2} points fewer of what was shown in that language were right; \
         {:.2} where it is demoted at the hour of its fall",
        100.0 * mean(&loss),
        100.0 * mean(&warned)
    );
    for (arm, name) in ARMS.iter().enumerate() {
        let raw = |month: &Pair| month.raw[arm];
        println!(
            "spread over languages, {name} on everything: {:.1} points",
            100.0 * mean(&raw)
        );
    }
    let own = |month: &Pair| deviation(month.fallen.shown.map(share));
    println!(
        "spread over languages, the router: {:.1} points",
        100.0 * mean(&own)
    );
}
