//! A month of a team under a ceiling, simulated: does the budget hold, and what is routing worth?
//!
//! `cargo bench --bench month -- [SEEDS] [PAIRED]`. The shipped decision, estimates, pacing, demand,
//! reservations and leases, on a made-up team (`world`). The first table is over SEEDS months
//! (default 200): how often the ceiling was crossed, and how much of it was used. The second
//! compares PAIRED of them (default 20) with plain rules at their best settings in hindsight, and
//! with the router itself at the best fixed price; the lines below it say what was believed and
//! noticed in them (`cells`). Nothing is timed; every figure follows from the seeds.

mod cells;
mod mantle;
mod rivals;
mod world;

use mantle_ls::domain::{Money, Ppm};
use mantle_ls::routing::Ceiling;

use cells::Pair;
use mantle::Pricing;
use rivals::{Rule, best};

/// What a suggestion costs that is turned down, in characters: the router's own price.
const ATTENTION: f64 = 25.0 / 3.0;

/// What came of a month.
#[derive(Clone, Copy, Debug, Default)]
pub struct Month {
    /// Share of the ceiling that was spent.
    pub spent: f64,
    kept: f64,
    rejected: u32,
    points: u32,
}

impl Month {
    fn show(&mut self, is_right: bool, kept: f64) {
        self.points += 1;
        if is_right {
            self.kept += kept;
        } else {
            self.rejected += 1;
        }
    }

    const fn silent(&mut self) {
        self.points += 1;
    }

    /// Kept characters less the attention that was wasted, per decision point.
    fn net(&self) -> f64 {
        (self.kept - ATTENTION * f64::from(self.rejected)) / f64::from(self.points.max(1))
    }

    fn kept(&self) -> f64 {
        self.kept / f64::from(self.points.max(1))
    }
}

/// Two hundred seats at 19 dollars, a margin of 80 %, and machines that leave ten dollars for calls:
/// a quarter of what the premium model would cost on everything.
fn ceiling() -> Ceiling {
    let usd = |text: &str| text.parse::<Money>().expect("an amount");
    let target = Ppm::from_fraction(0.8).expect("a share");
    Ceiling::of_margin(usd("3800"), target, usd("750")).expect("ten dollars are left")
}

fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let seeds = arguments.first().copied().unwrap_or(200);
    let paired = arguments.get(1).copied().unwrap_or(20).min(seeds);
    let ceiling = ceiling();
    let (mut over, mut used, mut most) = (0, Vec::new(), 0.0_f64);
    let mut rows: Vec<Vec<Month>> = vec![Vec::new(); NAMES.len()];
    let mut known = Vec::new();
    for seed in 0..seeds {
        let points = world::month(seed, true);
        let (month, fallen) = mantle::run(&points, ceiling, Pricing::Paced, seed);
        over += u32::from(month.spent > 1.0);
        most = most.max(month.spent);
        used.push(month.spent);
        if seed < paired {
            compare(&points, ceiling, seed, month, &mut rows);
            let steady = world::month(seed, false);
            let (_, steady) = mantle::run(&steady, ceiling, Pricing::Paced, seed);
            let (month, warned) = mantle::run(&points, ceiling, Pricing::Warned, seed);
            rows[WARNED].push(month);
            known.push(Pair {
                raw: cells::raw_spread(&points),
                fallen,
                steady,
                warned,
            });
        }
    }
    used.sort_by(f64::total_cmp);
    println!(
        "{seeds} months: {over} over the ceiling; used {:.1} % in the median, {:.1} % at least, {:.2} % at most",
        100.0 * used[used.len() / 2],
        100.0 * used[0],
        100.0 * most
    );
    println!("\n{paired} months, per decision point:\n");
    println!("| | kept characters | less attention | against the router (95 %) | of the ceiling |");
    println!("|---|---|---|---|---|");
    for (name, months) in NAMES.iter().zip(&rows) {
        print_row(name, months, &rows[0]);
    }
    println!();
    cells::print(&known);
}

/// The row of the router that is told of the fall.
const WARNED: usize = 6;

const NAMES: [&str; 7] = [
    "the router",
    "the router at the best fixed price, in hindsight",
    "a threshold on the embedded model's confidence, the best in hindsight",
    "a fixed mix, the best in hindsight",
    "always premium, until the money is gone",
    "only what is free",
    "the router, the model that falls demoted at the hour of its fall",
];

fn compare(
    points: &[world::Point],
    ceiling: Ceiling,
    seed: u64,
    router: Month,
    rows: &mut [Vec<Month>],
) {
    let prices = (0..12).map(|step| 0.000_5 * 1.5_f64.powi(step));
    let fixed = prices
        .map(|price| mantle::run(points, ceiling, Pricing::Fixed(price), seed).0)
        .max_by(|a, b| a.net().total_cmp(&b.net()))
        .unwrap_or_default();
    let run = |rule: Rule| rule.run(points, ceiling, seed);
    let thresholds = (0..20).flat_map(|step| {
        let sure = 0.05 * step as f32;
        (0..3).map(move |model| Rule::Threshold { sure, model })
    });
    let mixes = (0..20).map(|step| Rule::Mix {
        share: 0.05 * f64::from(step),
    });
    let months = [
        router,
        fixed,
        best(thresholds, run),
        best(mixes, run),
        run(Rule::PREMIUM),
        run(Rule::FREE),
    ];
    for (row, month) in rows.iter_mut().zip(months) {
        row.push(month);
    }
}

fn print_row(name: &str, months: &[Month], router: &[Month]) {
    let n = months.len() as f64;
    let mean = |of: &dyn Fn(&Month) -> f64| months.iter().map(of).sum::<f64>() / n;
    // Paired: both had the same month.
    let ratios: Vec<f64> = months
        .iter()
        .zip(router)
        .map(|(month, router)| month.net() / router.net() - 1.0)
        .collect();
    let ratio = ratios.iter().sum::<f64>() / n;
    let squares: f64 = ratios.iter().map(|one| (one - ratio).powi(2)).sum();
    let spread = 1.96 * (squares / (n - 1.0).max(1.0) / n).sqrt();
    println!(
        "| {name} | {:.2} | {:.2} | {:+.1} % ± {:.1} | {:.1} % |",
        mean(&Month::kept),
        mean(&Month::net),
        100.0 * ratio,
        100.0 * spread,
        100.0 * mean(&|month| month.spent)
    );
}
