//! The figures that matter: how often right, how often right when it speaks, how honest, how fast.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::replay::{Asked, Block, Replay, Shown};

/// What this precision covers is what may be shown.
const WANTED_PRECISION: f64 = 0.8;

/// The figures of one language, or of all together; all but the counts are percentages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Places asked, one for each line that was typed.
    pub places: usize,
    /// The rest of the line is exactly right.
    pub exact: f64,
    /// Mean edit similarity of the best suggestion.
    pub similarity: f64,
    /// Exactly right among the surest tenth, fifth, three tenths and half.
    pub surest: [f64; 4],
    /// Expected calibration error, ten equal bins.
    pub calibration: f64,
    /// The largest share of places, the surest first, that is exactly right four times out of five.
    pub coverage: f64,
    /// While the same lines are typed: suggestions shown for every hundred lines.
    pub shown: f64,
    /// Of those, right.
    pub shown_right: f64,
    /// Characters that nobody had to type, of all.
    pub saved: f64,
}

/// Figures by language; those of all languages stand under `all`.
pub type ByLanguage = BTreeMap<String, Figures>;

/// Sums a run up.
pub fn of(replay: &Replay) -> ByLanguage {
    let mut figures = ByLanguage::new();
    for &language in replay.typed.keys() {
        figures.insert(language.to_owned(), figures_of(replay, Some(language)));
    }
    figures.insert("all".to_owned(), figures_of(replay, None));
    figures
}

/// The suggestion that would be shown at a place.
#[derive(Clone, Copy, Default)]
struct Winner {
    confidence: f64,
    right: bool,
    similarity: f64,
}

fn figures_of(replay: &Replay, language: Option<&str>) -> Figures {
    let is_asked = |of: &str| language.is_none_or(|wanted| wanted == of);
    let mut winners: Vec<Winner> = replay
        .places
        .iter()
        .filter(|place| is_asked(place.language))
        .map(winner)
        .collect();
    winners.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let n = winners.len();
    let surest = |percent: usize| round(share_right(&winners[..n * percent / 100]));
    let shown: Vec<&Shown> = replay
        .shown
        .iter()
        .filter(|shown| is_asked(shown.language))
        .collect();
    let right: Vec<&&Shown> = shown.iter().filter(|shown| shown.right).collect();
    let saved: usize = right.iter().map(|shown| shown.characters).sum();
    let typed: usize = replay
        .typed
        .iter()
        .filter(|(of, _)| is_asked(of))
        .map(|(_, characters)| characters)
        .sum();
    let similar: f64 = winners.iter().map(|winner| winner.similarity).sum();
    Figures {
        places: n,
        exact: round(share_right(&winners)),
        similarity: round(similar / n.max(1) as f64),
        surest: [surest(10), surest(20), surest(30), surest(50)],
        calibration: round(calibration_error(&winners)),
        coverage: round(coverage(&winners)),
        shown: round(shown.len() as f64 / n.max(1) as f64),
        shown_right: round(right.len() as f64 / shown.len().max(1) as f64),
        saved: round(saved as f64 / typed.max(1) as f64),
    }
}

fn winner(place: &Asked) -> Winner {
    place
        .alternatives
        .first()
        .map(|best| Winner {
            confidence: best.confidence,
            right: best.right,
            similarity: best.similarity,
        })
        .unwrap_or_default()
}

/// A share as a percentage with one decimal.
fn round(share: f64) -> f64 {
    (share * 1_000.0).round() / 10.0
}

fn share_right(winners: &[Winner]) -> f64 {
    winners.iter().filter(|winner| winner.right).count() as f64 / winners.len().max(1) as f64
}

fn coverage(winners: &[Winner]) -> f64 {
    let mut right = 0;
    let mut covered = 0;
    for (n, winner) in winners.iter().enumerate() {
        right += usize::from(winner.right);
        if right as f64 >= WANTED_PRECISION * (n + 1) as f64 {
            covered = n + 1;
        }
    }
    covered as f64 / winners.len().max(1) as f64
}

/// Returns the mean distance between confidence and truth over ten equal bins.
fn calibration_error(winners: &[Winner]) -> f64 {
    let mut bins = [(0.0, 0.0); 10];
    for winner in winners {
        let bin = &mut bins[((winner.confidence * 10.0) as usize).min(9)];
        bin.0 += winner.confidence;
        bin.1 += f64::from(u8::from(winner.right));
    }
    let apart: f64 = bins.iter().map(|(sure, right)| (sure - right).abs()).sum();
    apart / winners.len().max(1) as f64
}

/// Prints one row for each language.
pub fn print(title: &str, figures: &ByLanguage) {
    println!("== {title}");
    println!(
        "| language | places | EM | ES | P@10 / 20 / 30 / 50 | ECE | covered at 80 % | shown, per 100 lines | of them right | characters saved |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for (language, it) in figures {
        let [tenth, fifth, third, half] = it.surest;
        println!(
            "| {language} | {} | {:.1} | {:.1} | {tenth:.1} / {fifth:.1} / {third:.1} / {half:.1} | {:.1} | {:.1} | {:.1} | {:.1} | {:.1} |",
            it.places,
            it.exact,
            it.similarity,
            it.calibration,
            it.coverage,
            it.shown,
            it.shown_right,
            it.saved,
        );
    }
}

/// Prints how often more than a line would be shown where nothing was typed of it yet, how often it
/// is right, and what it saves of all characters of the typed lines.
pub fn print_further(replay: &Replay) {
    let [places, _] = &replay.further;
    let is_followed = |block: &&Block| block.lines.first().is_some_and(|line| line.is_shown);
    let followed: Vec<&Block> = places.iter().filter(is_followed).collect();
    let shown = |block: &&'_ Block| block.lines.iter().filter(|line| line.is_shown).count();
    let right = |block: &&Block| {
        let lines = block.lines.iter();
        lines.filter(|line| line.is_shown && line.right).count()
    };
    let characters = |block: &&Block| -> usize {
        let right = block
            .lines
            .iter()
            .filter(|line| line.is_shown && line.right);
        right.map(|line| line.characters).sum()
    };
    let percent = |part: usize, of: usize| 100.0 * part as f64 / of.max(1) as f64;
    let firsts = |blocks: &mut dyn Iterator<Item = &Block>| {
        let right: Vec<bool> = blocks.map(|block| block.first_right).collect();
        percent(right.iter().filter(|right| **right).count(), right.len())
    };
    let lines: usize = followed.iter().map(shown).sum();
    println!(
        "at the start of a line, {} whole lines were shown ({:.1} % right); {} ({:.1} % right) are \
         followed by {lines} lines, {:.1} % of them right; {:.2} % of the characters saved",
        places.len(),
        firsts(&mut places.iter()),
        followed.len(),
        firsts(&mut followed.iter().copied()),
        percent(followed.iter().map(right).sum(), lines),
        percent(
            followed.iter().map(characters).sum(),
            replay.typed.values().sum()
        ),
    );
}

/// Prints what a run took.
pub fn print_cost(replay: &Replay) {
    let mut times = replay.query_times.clone();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "query p50 {:?}, p95 {:?}, p99 {:?} ({} queries)",
        at(0.5),
        at(0.95),
        at(0.99),
        times.len()
    );
    println!(
        "index {:.2} bytes per source byte, learnt at {:.1} MB/s; peak of this process {}",
        replay.index_bytes as f64 / replay.source_bytes as f64,
        replay.source_bytes as f64
            / 1e6
            / replay.learning.max(Duration::from_nanos(1)).as_secs_f64(),
        peak_memory(),
    );
}

fn peak_memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.map_or("unknown".to_owned(), |peak| peak.trim().to_owned())
}
