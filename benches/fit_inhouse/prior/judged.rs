//! How priors do on packages that nothing was fitted on.

use mantle_ls::routing::{Calibration, Prior};

use super::fitted::{Row, chance, foretold, levelled, log_loss, rows};
use super::places::Seen;

/// Prints a row for each prior.
///
/// *As it is*: its level is a guess, and the other model's own is not that. *Level known*: put where
/// the fit half has it. *As it learns*: from the guessed level, line by line in each package.
pub fn print(fit: &[Seen], check: &[Seen], priors: &[(&str, Prior)]) {
    let (fit, check) = (rows(fit), rows(check));
    let fit: Vec<&Row<'_>> = fit.iter().collect();
    let check: Vec<&Row<'_>> = check.iter().filter(|row| row.seen.is_first).collect();
    let right = fit.iter().filter(|row| row.seen.other_is_right).count();
    let share = right as f64 / fit.len() as f64;
    println!("check half, first places of {} lines", check.len());
    println!(
        "| prior | as it is: log loss, ECE | level known: log loss, ECE | as it learns: log loss, ECE |"
    );
    println!("|---|---|---|---|");
    for (name, prior) in priors {
        let known = levelled(prior.clone(), &fit, share);
        let cells = [
            at_once(prior, &check),
            at_once(&known, &check),
            foretold(prior, &check).each,
        ];
        let cells =
            cells.map(|each| format!("{:.4}, {:.1}", log_loss(&each), 100.0 * error(&each)));
        println!("| {name} | {} |", cells.join(" | "));
    }
}

/// Returns what is believed of places before anything is learnt, and what came.
fn at_once(prior: &Prior, rows: &[&Row<'_>]) -> Vec<(f64, bool)> {
    let regression = prior.regression();
    let of = |row: &&Row<'_>| (chance(&regression, row), row.seen.other_is_right);
    rows.iter().map(of).collect()
}

fn error(each: &[(f64, bool)]) -> f64 {
    let mut calibration = Calibration::default();
    for &(p, came) in each {
        calibration.observe(p, came, 1.0);
    }
    calibration.error().unwrap_or(f64::NAN)
}
