use proptest::prelude::*;

use super::*;
use crate::domain::Dice;

/// A world with a cheap model and a dear one. The dear one is right nine times in ten. The cheap
/// one is right half of the time, and shows it: `sure` is the share of its right answers that are
/// marked by the column `agree`, and of its wrong ones that are not.
struct World {
    instances: usize,
    sure: f64,
    seed: u64,
}

const COLUMNS: [&str; 2] = ["agree", "note"];

impl World {
    fn table(&self) -> RawTable {
        let mut dice = Dice::new(self.seed);
        let mut table = RawTable {
            columns: COLUMNS.map(str::to_owned).to_vec(),
            ..RawTable::default()
        };
        for number in 0..self.instances {
            let id = format!("{}-{number}", self.seed);
            let is_right = dice.share() < 0.5;
            let is_told = dice.share() < self.sure;
            let agree = f64::from(u8::from(is_right == is_told));
            let dear = f64::from(u8::from(dice.share() < 0.9));
            table.instances.push(RawInstance {
                id: id.clone(),
                numbers: vec![("lines".to_owned(), 10.0 * dice.share())],
                ..RawInstance::default()
            });
            for (model, score, cost_usd, agree) in [
                ("cheap", f64::from(u8::from(is_right)), 0.001, agree),
                ("dear", dear, 0.05 + 0.02 * dice.share(), 0.5),
            ] {
                table.cells.push(RawCell {
                    instance: id.clone(),
                    model: model.to_owned(),
                    score,
                    cost_usd,
                    numbers: vec![(0, agree)],
                    kinds: Vec::new(),
                });
            }
        }
        table
    }
}

fn models() -> Vec<String> {
    vec!["cheap".to_owned(), "dear".to_owned()]
}

fn judged(sure: f64) -> EvalReport {
    let world = |seed| World {
        instances: 400,
        sure,
        seed,
    };
    evaluate(Some(&world(1).table()), &world(2).table(), &models(), 7).expect("a report")
}

#[test]
fn an_answer_that_shows_how_good_it_is_is_worth_a_second_call() {
    let report = judged(0.95);
    assert_eq!(report.premium, "dear");
    // Half of the dear calls are not needed; a perfect reader of the column would save nearly that.
    let gap = report.gap_closed.expect("there is a gap");
    let low = report.intervals.gap_closed.expect("an interval")[0];
    assert!(gap > 0.6, "{report:?}");
    assert!(low > report.noise_floor.expect("a floor"), "{report:?}");
    assert!(
        report.fixed.quality_ratio > 0.92 && report.fixed.saving > 0.35,
        "{report:?}"
    );
}

#[test]
fn where_nothing_can_be_known_nothing_is_claimed() {
    let report = judged(0.5);
    let gap = report.gap_closed.expect("there is a gap");
    assert!(gap < 0.12, "{report:?}");
}

#[test]
fn a_table_alone_is_judged_by_routers_that_have_not_seen_the_instance() {
    let known = World {
        instances: 400,
        sure: 0.95,
        seed: 3,
    };
    let report = evaluate(None, &known.table(), &models(), 7).expect("a report");
    assert!(report.gap_closed.expect("there is a gap") > 0.6);
    // Every instance has its own id and nothing else that tells it apart: whoever remembered
    // instances would be right here, and nobody may be.
    let blank = World { sure: 0.5, ..known };
    let report = evaluate(None, &blank.table(), &models(), 7).expect("a report");
    assert!(
        report.gap_closed.expect("there is a gap") < 0.12,
        "{report:?}"
    );
}

#[test]
fn the_score_of_a_model_that_was_not_called_is_not_looked_at() {
    let fit = World {
        instances: 200,
        sure: 0.9,
        seed: 1,
    };
    let test = World { seed: 2, ..fit };
    let (fit, mut test) = (fit.table(), test.table());
    let encoding = Encoding::of(&fit, &models());
    let fit = encoding.read(&fit);
    let rows: Vec<usize> = (0..fit.ids.len()).collect();
    let routers = [Fitted::on(&fit, &rows, &encoding.signal_slots)];
    let walks = |raw: &RawTable| {
        let table = encoding.read(raw);
        let rows = table.complete();
        let tables = [table.only(&routers[0].models)];
        record(&table, &rows, &vec![0; rows.len()], &routers, &tables).walks
    };
    let before = walks(&test);
    // All scores of the judged table become their opposite, and no walk may notice.
    test.cells
        .iter_mut()
        .for_each(|cell| cell.score = 1.0 - cell.score);
    assert_eq!(walks(&test), before);
    // What the dear model shows is nobody's business until it was called.
    let dear = test.cells.iter_mut().filter(|cell| cell.model == "dear");
    dear.for_each(|cell| cell.numbers = vec![(0, 99.0)]);
    assert_eq!(walks(&test), before);
}

#[test]
fn models_that_were_run_on_different_instances_meet_on_the_common_ones() {
    let mut test = World {
        instances: 300,
        sure: 0.9,
        seed: 4,
    }
    .table();
    test.cells
        .retain(|cell| cell.model != "dear" || !cell.instance.ends_with('0'));
    let report = evaluate(None, &test, &models(), 7).expect("a report");
    assert_eq!((report.instances, report.left_out), (270, 30));
}

#[test]
fn what_cannot_be_judged_is_refused_with_a_word() {
    let table = |instances| {
        World {
            instances,
            sure: 0.9,
            seed: 5,
        }
        .table()
    };
    let evaluate = |table: &RawTable, models: &[&str]| {
        let models: Vec<String> = models.iter().map(|&model| model.to_owned()).collect();
        evaluate(None, table, &models, 1).expect_err("it is refused")
    };
    let unknown = evaluate(&table(50), &["cheap", "deer"]);
    assert_eq!(
        unknown.to_string(),
        "no outcome of `deer` in the judged table; it has cheap, dear"
    );
    assert_eq!(evaluate(&table(50), &["cheap"]), EvalError::OneModel);
    let few = evaluate(&table(20), &["cheap", "dear"]);
    assert!(matches!(few, EvalError::TooFew { found: 20, .. }), "{few}");
    let mut free = table(60);
    free.cells.iter_mut().for_each(|cell| cell.cost_usd = 0.0);
    let free = evaluate(&free, &["cheap", "dear"]);
    assert!(matches!(free, EvalError::Free { .. }), "{free}");
}

/// What a file may hold: each is judged without a number that is none, or refused with a word.
#[test]
fn odd_tables_are_judged_or_refused_and_never_half_of_both() {
    type Change = fn(usize, &mut RawCell);
    let changes: [(&str, Change, bool); 8] = [
        ("every answer is wrong", |_, cell| cell.score = 0.0, false),
        ("every answer is right", |_, cell| cell.score = 1.0, true),
        (
            "nothing is shown",
            |_, cell| {
                cell.numbers.clear();
                cell.cost_usd = if cell.model == "dear" { 0.05 } else { 0.001 };
            },
            true,
        ),
        ("all cost the same", |_, cell| cell.cost_usd = 0.01, true),
        (
            "the cheap one is free",
            |_, cell| {
                if cell.model == "cheap" {
                    cell.cost_usd = 0.0;
                }
            },
            true,
        ),
        (
            "one signal is huge",
            |at, cell| cell.numbers = vec![(0, if at.is_multiple_of(9) { 1e300 } else { -1e300 })],
            true,
        ),
        (
            "a signal is there now and then",
            |at, cell| {
                if !at.is_multiple_of(7) {
                    cell.numbers.clear();
                }
            },
            true,
        ),
        (
            "a note is different everywhere",
            |at, cell| cell.kinds = vec![(1, format!("note {at}"))],
            true,
        ),
    ];
    for (what, change, is_judged) in changes {
        let mut table = World {
            instances: 120,
            sure: 0.9,
            seed: 6,
        }
        .table();
        let cells = table.cells.iter_mut().enumerate();
        cells.for_each(|(at, cell)| change(at, cell));
        let report = evaluate(None, &table, &models(), 1);
        assert_eq!(report.is_ok(), is_judged, "{what}: {report:?}");
        let Ok(report) = report else { continue };
        let figures = [
            report.hull_saving_at_95,
            report.saving_at_95,
            report.oracle_saving_at_95,
            report.gap_closed.unwrap_or(0.0),
            report.noise_floor.unwrap_or(0.0),
            report.fixed.quality_ratio,
            report.fixed.saving,
        ];
        assert!(
            figures.iter().all(|figure| figure.is_finite()),
            "{what}: {report:?}"
        );
        assert!(
            report.saving_at_95 >= report.hull_saving_at_95 - 0.1,
            "{what}: {report:?}"
        );
    }
}

#[test]
fn without_names_it_chooses_from_what_both_tables_have() {
    let world = |seed| World {
        instances: 120,
        sure: 0.9,
        seed,
    };
    let (mut fit, mut test) = (world(8).table(), world(9).table());
    let mut fresh = test.cells.clone();
    fresh.retain(|cell| cell.model == "dear");
    fresh
        .iter_mut()
        .for_each(|cell| cell.model = "fresh".to_owned());
    test.cells.extend(fresh);
    let report = evaluate(Some(&fit), &test, &[], 1).expect("a report");
    assert_eq!(report.models, models());
    assert_eq!(report.models_left_out, ["fresh"]);
    fit.cells.iter_mut().for_each(|cell| cell.model += "-2");
    let error = evaluate(Some(&fit), &test, &[], 1).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "the two tables need two models in common; the judged one has cheap, dear, fresh, \
         the fitted one cheap-2, dear-2"
    );
}

#[test]
fn a_row_that_comes_twice_counts_once() {
    let table = World {
        instances: 120,
        sure: 0.9,
        seed: 7,
    }
    .table();
    let mut twice = table.clone();
    twice.cells.extend(table.cells.iter().cloned());
    twice.instances.extend(table.instances.iter().cloned());
    let judge = |table: &RawTable| evaluate(None, table, &models(), 1).expect("a report");
    let (once, twice) = (judge(&table), judge(&twice));
    assert_eq!(once.instances, twice.instances);
    assert_eq!(once.hull_saving_at_95, twice.hull_saving_at_95);
    assert!(
        (once.saving_at_95 - twice.saving_at_95).abs() < 0.02,
        "{once:?} {twice:?}"
    );
}

#[test]
fn columns_may_stand_in_another_order_in_the_judged_table() {
    let world = |seed| World {
        instances: 200,
        sure: 0.9,
        seed,
    };
    let (fit, test) = (world(1).table(), world(2).table());
    let mut turned = test.clone();
    turned.columns.reverse();
    for cell in &mut turned.cells {
        cell.numbers
            .iter_mut()
            .for_each(|number| number.0 = 1 - number.0);
    }
    let judge = |test: &RawTable| evaluate(Some(&fit), test, &models(), 1).expect("a report");
    assert_eq!(judge(&test), judge(&turned));
    // A judged table without the signal is one whose models show nothing: worse, and judged.
    turned.columns = vec!["other".to_owned(), "note".to_owned()];
    turned
        .cells
        .iter_mut()
        .for_each(|cell| cell.numbers.clear());
    assert!(judge(&turned).gap_closed < judge(&test).gap_closed);
}

#[test]
fn the_same_seed_gives_the_same_report() {
    assert_eq!(judged(0.8), judged(0.8));
}

#[test]
fn under_a_budget_it_is_no_worse_than_the_fixed_mix() {
    for run in judged(0.9).online {
        assert!(run.utilisation <= 1.0, "{run:?}");
        // Two standard errors of 400 instances.
        assert!(run.quality > run.static_quality - 0.05, "{run:?}");
    }
}

#[test]
fn a_model_that_is_not_judged_is_called_all_the_same_where_it_is_the_best_for_the_money() {
    // Ten models on one hull, each twice as dear as the one before; four of them are judged.
    let models: Vec<String> = (0..10).map(|n| format!("m{n}")).collect();
    let mut table = RawTable::default();
    for number in 0..200 {
        let id = format!("i{number}");
        table.instances.push(RawInstance {
            id: id.clone(),
            ..RawInstance::default()
        });
        for (n, model) in (0_i32..).zip(&models) {
            table.cells.push(RawCell {
                instance: id.clone(),
                model: model.clone(),
                score: 1.0 - 0.7_f64.powi(n + 1),
                cost_usd: 0.001 * 2_f64.powi(n),
                numbers: Vec::new(),
                kinds: Vec::new(),
            });
        }
    }
    let report = evaluate(None, &table, &models, 7).expect("a report");
    for run in report.online {
        assert!(run.quality > run.static_quality - 0.02, "{run:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn no_stream_spends_more_than_its_budget(seed in 0_u64..1_000, share in 0.001_f64..1.2) {
        let table = World { instances: 120, sure: 0.8, seed }.table();
        let encoding = Encoding::of(&table, &models());
        let test = encoding.read(&table);
        let rows = test.complete();
        let routers = [Fitted::on(&test, &rows, &encoding.signal_slots)];
        let stream = Stream {
            worst: vec![routers[0].worst.clone()],
            tables: vec![test.only(&routers[0].models)],
            rows: rows.iter().map(|&row| (row, 0)).collect(),
            routers: &routers,
        };
        let all: f64 = rows.iter().map(|&row| test.cell(row, 1).cost).sum();
        let budget = share * all;
        let run = stream.run(budget, seed);
        prop_assert!(run.spent <= budget * (1.0 + 1e-12), "{run:?} {budget}");
    }
}
