//! The figures of a judged table, in words.

use std::fmt::Write;

use crate::routing::eval::EvalReport;

/// Returns the figures as text.
pub fn report(report: &EvalReport) -> String {
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let interval = |[low, high]: [f64; 2]| format!("{} to {}", percent(low), percent(high));
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<34}{value}");
    };
    line("models", report.models.join(", "));
    if !report.models_left_out.is_empty() {
        line("not in the fitted table", report.models_left_out.join(", "));
    }
    line("best model", report.premium.clone());
    let left_out = match report.left_out {
        0 => String::new(),
        n => format!(" ({n} left out: not every model was run on them)"),
    };
    line("instances", format!("{}{left_out}", report.instances));
    line("", String::new());
    line("saved at 95 % of its quality", String::new());
    line("  by the best fixed mix", percent(report.hull_saving_at_95));
    line(
        "  by the router",
        format!(
            "{} ({})",
            percent(report.saving_at_95),
            interval(report.intervals.saving_at_95)
        ),
    );
    line("  by an oracle", percent(report.oracle_saving_at_95));
    line(
        "gap closed",
        match (report.gap_closed, report.intervals.gap_closed) {
            (Some(gap), Some(between)) => format!("{} ({})", percent(gap), interval(between)),
            _ => "there is no gap".to_owned(),
        },
    );
    if let Some(floor) = report.noise_floor {
        line("  closed by chance", percent(floor));
    }
    line("at the threshold fixed beforehand", String::new());
    line(
        "  quality",
        format!(
            "{} ({})",
            percent(report.fixed.quality_ratio),
            interval(report.intervals.fixed_quality_ratio)
        ),
    );
    line(
        "  saved",
        format!(
            "{} ({})",
            percent(report.fixed.saving),
            interval(report.intervals.fixed_saving)
        ),
    );
    line("", String::new());
    line(
        "as a stream under a budget",
        "used       quality   fixed mix".to_owned(),
    );
    for run in &report.online {
        line(
            &format!("  {} of the best model's", percent(run.budget_share)),
            format!(
                "{:<10} {:<9.3} {:.3}",
                percent(run.utilisation),
                run.quality,
                run.static_quality
            ),
        );
    }
    let lines = text.lines().map(str::trim_end);
    lines.map(|line| line.to_owned() + "\n").collect()
}
