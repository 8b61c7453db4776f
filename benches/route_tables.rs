//! What `mantle route eval` is worth over many halves of a table: fitted on one half of the
//! instances, judged on the other, for many choices of models.
//!
//! `cargo bench --bench route_tables -- SPLITS CHOICES [OUTCOMES.csv INSTANCES.jsonl]...` prints a
//! line for each choice and, for each table, what is left of it on average: the router, a plain
//! threshold on one signal (which signal, of which pair of models, is chosen on the fitted half),
//! and how often the router's interval is above what chance closes. Everything follows from the
//! numbers of the splits.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Instant;

use mantle_ls::cli::read_table;
use mantle_ls::domain::Dice;
use mantle_ls::routing::eval::{EvalReport, RawCell, RawTable, evaluate};

/// Of the best model's quality, what has to be reached; as the report has it.
const TARGET: f64 = 0.95;
/// A smaller gap between mix and oracle says nothing.
const SMALLEST_GAP: f64 = 0.05;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let [splits, choices, files @ ..] = words.as_slice() else {
        println!("route_tables: SPLITS CHOICES [OUTCOMES.csv INSTANCES.jsonl]...");
        return;
    };
    let splits: u64 = splits.parse().expect("a number of splits");
    let choices: usize = choices.parse().expect("a number of choices");
    for pair in files.chunks_exact(2) {
        let table = read_table(Path::new(&pair[0]), Path::new(&pair[1])).expect("a table");
        println!("{}", pair[0]);
        judge(&table, splits, choices);
    }
}

/// Sums over halves.
#[derive(Default)]
struct Sums {
    halves: f64,
    router: f64,
    squares: f64,
    threshold: f64,
    above: f64,
    point_above: f64,
    below_mix: f64,
    interval_below_mix: f64,
    /// Quality of the streams less that of the best fixed mix for the same money.
    online: f64,
    worst_online: f64,
    fixed_missed: f64,
    fixed_saving: f64,
    hull: f64,
    seconds: f64,
}

impl Sums {
    fn add(&mut self, report: &EvalReport, threshold: f64, seconds: f64) {
        let Some(gap) = report.gap_closed else { return };
        let low = report.intervals.gap_closed.map_or(0.0, |[low, _]| low);
        let high = report.intervals.gap_closed.map_or(0.0, |[_, high]| high);
        let floor = report.noise_floor.unwrap_or(0.0);
        let flag = |is: bool| f64::from(u8::from(is));
        self.halves += 1.0;
        self.router += gap;
        self.squares += gap * gap;
        self.threshold += threshold;
        self.above += flag(low > floor);
        self.point_above += flag(gap > floor);
        self.below_mix += flag(gap < -1e-9);
        self.interval_below_mix += flag(high < -1e-9);
        let runs = report.online.iter();
        let over = runs.map(|run| run.quality - run.static_quality);
        self.online += over.clone().sum::<f64>() / report.online.len() as f64;
        self.worst_online += over.fold(f64::INFINITY, f64::min);
        self.fixed_missed += flag(report.fixed.quality_ratio < TARGET);
        self.fixed_saving += report.fixed.saving;
        self.hull += report.hull_saving_at_95;
        self.seconds += seconds;
    }

    fn merge(&mut self, other: &Self) {
        self.halves += other.halves;
        self.router += other.router;
        self.squares += other.squares;
        self.threshold += other.threshold;
        self.above += other.above;
        self.point_above += other.point_above;
        self.below_mix += other.below_mix;
        self.interval_below_mix += other.interval_below_mix;
        self.online += other.online;
        self.worst_online += other.worst_online;
        self.fixed_missed += other.fixed_missed;
        self.fixed_saving += other.fixed_saving;
        self.hull += other.hull;
        self.seconds += other.seconds;
    }

    fn line(&self, name: &str) -> String {
        let n = self.halves.max(1.0);
        let percent = |sum: f64| 100.0 * sum / n;
        let mean = self.router / n;
        let spread = (self.squares / n - mean * mean).max(0.0).sqrt();
        format!(
            "gap {:5.1} ±{:4.1} % threshold {:5.1} %  above floor {:3.0} % (point {:3.0} %)  \
             below mix {:3.0} % ({:2.0} %)  stream {:+.2} (worst {:+.2})  fixed: saved {:4.1} % of mix {:4.1} %, \
             missed {:3.0} %  {:.1} s  {name}",
            percent(self.router),
            100.0 * spread,
            percent(self.threshold),
            percent(self.above),
            percent(self.point_above),
            percent(self.below_mix),
            percent(self.interval_below_mix),
            percent(self.online),
            percent(self.worst_online),
            percent(self.fixed_saving),
            percent(self.hull),
            percent(self.fixed_missed),
            self.seconds / n,
        )
    }
}

fn judge(table: &RawTable, splits: u64, choices: usize) {
    let mut by_size: BTreeMap<usize, Sums> = BTreeMap::new();
    let mut all = Sums::default();
    let mut above = 0;
    let mut judged = 0;
    for models in choose(table, choices) {
        let mut sums = Sums::default();
        for split in 0..splits {
            let (fit, test) = halves(table, split);
            let begun = Instant::now();
            let Ok(report) = evaluate(Some(&fit), &test, &models, 1) else {
                continue;
            };
            let seconds = begun.elapsed().as_secs_f64();
            let width = report.oracle_saving_at_95 - report.hull_saving_at_95;
            if width < SMALLEST_GAP {
                continue;
            }
            let saving = threshold(&fit, &test, &models, &report.premium);
            sums.add(
                &report,
                (saving - report.hull_saving_at_95) / width,
                seconds,
            );
        }
        if sums.halves > 0.0 {
            judged += 1;
            above += usize::from(sums.above * 2.0 > sums.halves);
            println!("  {}", sums.line(&models.join(", ")));
            by_size.entry(models.len()).or_default().merge(&sums);
            all.merge(&sums);
        }
    }
    for (size, sums) in by_size {
        println!(
            "{}",
            sums.line(&format!("{size} models, {:.0} halves", sums.halves))
        );
    }
    println!("{}", all.line(&format!("all, {:.0} halves", all.halves)));
    println!("above the floor in most halves: {above} of {judged} choices");
}

/// Returns choices of two to four models: all there are, or as many as are wanted, drawn by chance.
fn choose(table: &RawTable, choices: usize) -> Vec<Vec<String>> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in &table.cells {
        *counts.entry(&cell.model).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or(0);
    let names: Vec<&str> = counts
        .into_iter()
        .filter(|(_, count)| *count == most)
        .map(|(name, _)| name)
        .collect();
    let mut every: Vec<Vec<String>> = Vec::new();
    if names.len() <= 6 {
        for set in 1_u32..1 << names.len() {
            if (2..=4).contains(&set.count_ones()) {
                let of = names.iter().enumerate().filter(|(n, _)| set & 1 << n != 0);
                every.push(of.map(|(_, name)| (*name).to_owned()).collect());
            }
        }
        every.truncate(choices);
        return every;
    }
    let mut dice = Dice::new(1);
    while every.len() < choices {
        let size = 2 + every.len() % 3;
        let mut drawn = names.clone();
        dice.shuffle(&mut drawn);
        every.push(drawn.into_iter().take(size).map(str::to_owned).collect());
    }
    every
}

/// Returns two halves of a table, by instance.
fn halves(table: &RawTable, split: u64) -> (RawTable, RawTable) {
    let mut ids: Vec<&str> = table.instances.iter().map(|i| i.id.as_str()).collect();
    Dice::new(split + 1).shuffle(&mut ids);
    let first: std::collections::HashSet<&str> = ids[..ids.len() / 2].iter().copied().collect();
    let part = |is_first: bool| RawTable {
        instances: table
            .instances
            .iter()
            .filter(|instance| first.contains(instance.id.as_str()) == is_first)
            .cloned()
            .collect(),
        cells: table
            .cells
            .iter()
            .filter(|cell| first.contains(cell.instance.as_str()) == is_first)
            .cloned()
            .collect(),
        columns: table.columns.clone(),
    };
    (part(true), part(false))
}

type Point = (f64, f64);

/// What one signal of a cheaper model says of whether to call a dearer one.
#[derive(Clone, Copy, Debug)]
struct Rule {
    cheap: usize,
    dear: usize,
    /// `None` is the cost of the call.
    column: Option<usize>,
    sign: f64,
}

/// Cells of the models by instance.
fn cells<'t>(table: &'t RawTable, models: &[String]) -> Vec<Vec<&'t RawCell>> {
    let mut by_instance: HashMap<&str, Vec<Option<&RawCell>>> = HashMap::new();
    for cell in &table.cells {
        if let Some(model) = models.iter().position(|model| *model == cell.model) {
            let row = by_instance.entry(&cell.instance);
            row.or_insert_with(|| vec![None; models.len()])[model] = Some(cell);
        }
    }
    let rows = by_instance.into_values();
    rows.filter_map(|row| row.into_iter().collect()).collect()
}

/// Returns what the best plain threshold of the fitted half saves on the judged one at 95 %.
fn threshold(fit: &RawTable, test: &RawTable, models: &[String], premium: &str) -> f64 {
    let (fit_rows, test_rows) = (cells(fit, models), cells(test, models));
    let best = models
        .iter()
        .position(|model| model == premium)
        .unwrap_or(0);
    let mut rules: Vec<(f64, Rule)> = Vec::new();
    for cheap in 0..models.len() {
        for dear in (0..models.len()).filter(|dear| *dear != cheap) {
            let columns = (0..fit.columns.len()).map(Some).chain([None]);
            for column in columns {
                for sign in [-1.0, 1.0] {
                    let rule = Rule {
                        cheap,
                        dear,
                        column,
                        sign,
                    };
                    if let Some(cost) = cost_at_target(&fit_rows, &[rule], best) {
                        rules.push((cost, rule));
                    }
                }
            }
        }
    }
    rules.sort_by(|a, b| a.0.total_cmp(&b.0));
    let chosen: Vec<Rule> = rules.iter().map(|(_, rule)| *rule).take(1).collect();
    let premium_cost = mean(&test_rows, best).0;
    1.0 - cost_at_target(&test_rows, &chosen, best).unwrap_or(premium_cost) / premium_cost
}

fn mean(rows: &[Vec<&RawCell>], model: usize) -> Point {
    let n = rows.len().max(1) as f64;
    let cost: f64 = rows.iter().map(|row| row[model].cost_usd).sum();
    let score: f64 = rows.iter().map(|row| row[model].score).sum();
    (cost / n, score / n)
}

/// Returns the least cost of 95 % of the best model's quality by some rules, single models and mixes.
fn cost_at_target(rows: &[Vec<&RawCell>], rules: &[Rule], best: usize) -> Option<f64> {
    let models = rows.first()?.len();
    let mut points: Vec<Point> = (0..models).map(|model| mean(rows, model)).collect();
    let goal = TARGET * points[best].1;
    for rule in rules {
        sweep(rows, *rule, &mut points);
    }
    // The cheapest mix of two points: one of the hull's edges.
    let mut least = f64::INFINITY;
    for &(cost, quality) in points.iter().filter(|point| point.1 >= goal) {
        least = least.min(cost);
        for &(low, worse) in points.iter().filter(|point| point.1 < goal) {
            least = least.min(low + (cost - low) * (goal - worse) / (quality - worse));
        }
    }
    Some(least).filter(|cost| cost.is_finite())
}

/// Adds a point for every threshold.
fn sweep(rows: &[Vec<&RawCell>], rule: Rule, points: &mut Vec<Point>) {
    let shown = |row: &Vec<&RawCell>| match rule.column {
        None => row[rule.cheap].cost_usd,
        Some(column) => {
            let numbers = row[rule.cheap].numbers.iter();
            let mut found = numbers.filter(|(at, _)| *at == column);
            found.next().map_or(f64::NAN, |(_, value)| *value)
        }
    };
    let mut order: Vec<(f64, &Vec<&RawCell>)> = rows
        .iter()
        .map(|row| (rule.sign * shown(row), row))
        .collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let n = rows.len().max(1) as f64;
    let (mut cost, mut quality) = mean(rows, rule.cheap);
    for (at, (value, row)) in order.iter().enumerate() {
        cost += row[rule.dear].cost_usd / n;
        quality += (row[rule.dear].score - row[rule.cheap].score) / n;
        if order.get(at + 1).is_none_or(|next| next.0 > *value) {
            points.push((cost, quality));
        }
    }
}
