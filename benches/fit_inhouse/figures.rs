//! The figures that matter: how often right, how often right when it speaks, how honest, how fast.

use std::time::Duration;

use super::logistic::probability;
use super::replay::Replay;

/// Shorter suggestions save hardly a key.
const LONG: usize = 6;

/// The suggestion that would be shown at a position.
#[derive(Clone, Copy, Default)]
struct Winner {
    confidence: f64,
    right: bool,
    characters: usize,
}

/// Prints the figures of a run, under its own confidence or under other weights.
pub fn print(title: &str, replay: &Replay, weights: Option<&[f64]>) {
    let mut winners: Vec<Winner> = replay
        .positions
        .iter()
        .map(|position| {
            position
                .alternatives
                .iter()
                .map(|asked| Winner {
                    confidence: weights.map_or(f64::from(asked.confidence), |weights| {
                        probability(&asked.features, weights)
                    }),
                    right: asked.right,
                    characters: asked.characters,
                })
                .max_by(|a, b| a.confidence.total_cmp(&b.confidence))
                .unwrap_or_default()
        })
        .collect();
    winners.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let n = winners.len();
    println!("== {title}: {n} positions");
    println!("EM {:.1}", 100.0 * share_right(&winners));
    let oracle = replay
        .positions
        .iter()
        .filter(|position| position.alternatives.iter().any(|asked| asked.right))
        .count();
    println!(
        "best of all alternatives {:.1}",
        100.0 * oracle as f64 / n as f64
    );
    for percent in [10, 20, 30, 50] {
        let shown = &winners[..n * percent / 100];
        println!("P@{percent} {:.1}", 100.0 * share_right(shown));
    }
    println!("ECE {:.1}", 100.0 * calibration_error(&winners));
    for threshold in [0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8] {
        let shown = &winners[..winners.partition_point(|winner| winner.confidence >= threshold)];
        let characters: usize = shown.iter().map(|winner| winner.characters).sum();
        let long: Vec<Winner> = shown
            .iter()
            .filter(|w| w.characters >= LONG)
            .copied()
            .collect();
        println!(
            "confidence >= {threshold}: covers {:.1} %, right {:.1} %, {:.1} characters each; \
             of {LONG} characters or more: covers {:.1} %, right {:.1} %",
            100.0 * shown.len() as f64 / n as f64,
            100.0 * share_right(shown),
            characters as f64 / shown.len().max(1) as f64,
            100.0 * long.len() as f64 / n as f64,
            100.0 * share_right(&long),
        );
    }
    let mut times = replay.query_times.clone();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!(
        "query p50 {:?}, p95 {:?}, p99 {:?}",
        at(0.5),
        at(0.95),
        at(0.99)
    );
    println!(
        "index {:.2} bytes per source byte, learnt at {:.1} MB/s",
        replay.index_bytes as f64 / replay.source_bytes as f64,
        replay.source_bytes as f64
            / 1e6
            / replay.learning.max(Duration::from_nanos(1)).as_secs_f64(),
    );
}

fn share_right(winners: &[Winner]) -> f64 {
    winners.iter().filter(|winner| winner.right).count() as f64 / winners.len().max(1) as f64
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
