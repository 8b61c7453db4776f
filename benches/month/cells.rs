//! What came of each model in each language: whether what was believed of it was so, and whether it
//! was noticed that it had become worse.

use std::collections::BTreeMap;

use mantle_ls::routing::{Calibration, Turn};

use super::world::{ARMS, FALL_DAY, FALLEN, LANGUAGES, Point};

/// One model in one language.
#[derive(Clone, Debug, Default)]
struct Cell {
    /// Whether answers were right.
    offers: Calibration,
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
    /// By language: suggestions that were shown, and were right; over the month, and from the fall on.
    shown: [[f64; 2]; LANGUAGES.len()],
    late: [[f64; 2]; LANGUAGES.len()],
}

impl Cells {
    /// Takes an answer of a model: what was believed of it before, and whether it was right.
    pub fn offered(&mut self, arm: usize, point: &Point, believed: f64, is_right: bool) {
        let cell = self.cells.entry((arm, point.language)).or_default();
        cell.offers.observe(believed, is_right, 1.0);
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

    /// Returns the calibration error of each model and language with enough offers.
    fn calibration_errors(&self) -> impl Iterator<Item = f64> {
        self.cells.values().filter_map(|cell| cell.offers.error())
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

/// Prints what is known of some months.
pub fn print(months: &[Pair]) {
    let n = months.len() as f64;
    let mean = |of: &dyn Fn(&Pair) -> f64| months.iter().map(of).sum::<f64>() / n;
    let mut errors: Vec<f64> = months
        .iter()
        .flat_map(|month| month.fallen.calibration_errors())
        .collect();
    errors.sort_by(f64::total_cmp);
    let within = errors.iter().filter(|error| **error <= 0.05).count();
    println!(
        "calibration of models in languages with 300 offers or more: {within} of {} are within \
         5 points; {:.1} in the median, {:.1} at most",
        errors.len(),
        100.0 * errors[errors.len() / 2],
        100.0 * errors[errors.len() - 1],
    );
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
    let loss = |month: &Pair| month.steady.late_share(FALLEN.1) - month.fallen.late_share(FALLEN.1);
    println!(
        "what a user saw of it: {:.2} points fewer of what was shown in that language were right",
        100.0 * mean(&loss)
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
