//! The figures that are committed, and what got worse than they are.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::figures::{ByLanguage, Figures};

/// Figures by set.
pub type Measured = BTreeMap<String, ByLanguage>;

/// All languages together may lose this much, in points, before it is called worse.
const TOLERANCE: f64 = 0.5;
/// One language has fewer places, and one place more or less is a larger part of them.
const TOLERANCE_OF_A_LANGUAGE: f64 = 2.0;
/// Languages with fewer places are not compared.
const FEWEST_PLACES: usize = 150;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/fit_inhouse/figures.json")
}

/// Writes the figures that later runs are compared with.
pub fn write(measured: &Measured) {
    let text = serde_json::to_string_pretty(measured).expect("figures are plain values");
    fs::write(path(), text + "\n").expect("the sources can be written");
}

/// Returns what is worse than it was, in words.
pub fn compare(measured: &Measured) -> Vec<String> {
    let text = match fs::read_to_string(path()) {
        Ok(text) => text,
        Err(error) => return vec![format!("no figures to compare with: {error}")],
    };
    let kept: Measured = match serde_json::from_str(&text) {
        Ok(kept) => kept,
        Err(error) => return vec![format!("figures.json cannot be read: {error}")],
    };
    let mut worse = Vec::new();
    for (set, languages) in &kept {
        for (language, before) in languages {
            let now = measured
                .get(set)
                .and_then(|languages| languages.get(language));
            let Some(now) = now else {
                worse.push(format!("{set}, {language}: not measured any more"));
                continue;
            };
            if before.places.min(now.places) >= FEWEST_PLACES {
                let tolerance = if language == "all" {
                    TOLERANCE
                } else {
                    TOLERANCE_OF_A_LANGUAGE
                };
                let worse_figures = losses(before, now, tolerance);
                worse.extend(worse_figures.map(|loss| format!("{set}, {language}: {loss}")));
            }
        }
    }
    worse
}

fn losses(before: &Figures, now: &Figures, tolerance: f64) -> impl Iterator<Item = String> {
    let figures = [
        ("exact", before.exact, now.exact),
        ("similarity", before.similarity, now.similarity),
        ("surest tenth", before.surest[0], now.surest[0]),
        ("surest fifth", before.surest[1], now.surest[1]),
        ("surest three tenths", before.surest[2], now.surest[2]),
        ("surest half", before.surest[3], now.surest[3]),
        // Smaller is better.
        ("calibration error", -before.calibration, -now.calibration),
        ("coverage at 80 %", before.coverage, now.coverage),
        ("shown and right", before.shown_right, now.shown_right),
        ("characters saved", before.saved, now.saved),
    ];
    figures
        .into_iter()
        .filter(move |(_, before, now)| *now < before - tolerance)
        .map(|(name, before, now)| format!("{name} {:.1}, was {:.1}", now.abs(), before.abs()))
}
