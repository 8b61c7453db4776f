//! Fits the weights on the fit half.

use std::fs;
use std::path::Path;

use mantle_ls::inhouse::{CUT_FEATURE_NAMES, FEATURE_NAMES, FURTHER_FEATURE_NAMES};

use super::corpus::{Half, pairs};
use super::figures;
use super::logistic::{self, probability};
use super::replay::{self, Asked, Keys, Replay, Set};
use super::rerank::Reranker;

/// Parts of the packages, of which each is once not fitted on.
const FOLDS: usize = 4;

/// Prints new weights and their figures.
pub fn fit(dir: &Path) {
    let packages = pairs(dir, Half::Fit);
    let [edits, young] =
        [Set::Edits, Set::Young].map(|set| replay::run(&packages, set, Keys::Asked));
    figures::print(
        "edits, fit half, weights of this build",
        &figures::of(&edits),
    );
    figures::print(
        "young, fit half, weights of this build",
        &figures::of(&young),
    );
    let asked = [&edits.places, &edits.keys, &young.places, &young.keys];
    let asked: Vec<&Asked> = asked.into_iter().flatten().collect();
    let reranker = Reranker::fit(&[&edits, &young], &|_| true);
    for (name, weight) in FEATURE_NAMES.iter().zip(&reranker.weights) {
        println!("    {weight:.4}, // {name}");
    }
    let trees = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/inhouse/trees.tsv");
    fs::write(&trees, reranker.rows()).expect("the sources can be written");
    println!("{} trees: {}", reranker.trees.len(), trees.display());
    let cuts: Vec<_> = asked
        .iter()
        .flat_map(|asked| &asked.cuts)
        .copied()
        .collect();
    println!("cuts:");
    let cut_weights = logistic::newton(&cuts);
    for (name, weight) in CUT_FEATURE_NAMES.iter().zip(&cut_weights) {
        println!("    {weight:.4}, // {name}");
    }
    let further: Vec<_> = [&edits, &young]
        .into_iter()
        .flat_map(|replay| replay.further.iter().flatten())
        .flat_map(|block| &block.lines)
        .map(|line| (line.features, line.right))
        .collect();
    println!("further lines ({}):", further.len());
    for (name, weight) in FURTHER_FEATURE_NAMES
        .iter()
        .zip(&logistic::newton(&further))
    {
        println!("    {weight:.4}, // {name}");
    }
    for replay in [&edits, &young] {
        figures::print_further(replay);
    }
    for (name, mut replay) in [("edits", edits), ("young", young)] {
        reranker.weigh_again(replay.places.iter_mut());
        // What was shown was chosen by the weights of this build.
        replay.shown.clear();
        print_cuts(&replay, &cut_weights);
        figures::print(
            &format!("{name}, fit half, new weights on what they were fitted on"),
            &figures::of(&replay),
        );
    }
}

/// Prints how good the suggestions of this build are on the fit half, whatever its weights say of
/// them: for trying a change of the model out.
pub fn ablate(dir: &Path) {
    let packages = pairs(dir, Half::Fit);
    let mut replay = replay::run(&packages, Set::Edits, Keys::Skipped);
    let n = replay.places.len() as f64;
    let has_right = |place: &&Asked| place.alternatives.iter().any(|weighed| weighed.right);
    let ceiling = replay.places.iter().filter(has_right).count() as f64;
    println!("right among all alternatives: {:.1} %", 100.0 * ceiling / n);
    let reranker = Reranker::fit(&[&replay], &|_| true);
    reranker.weigh_again(replay.places.iter_mut());
    figures::print("fit half, weights of these places", &figures::of(&replay));
}

/// Prints the places of the fit half, those of each fold of packages by what was fitted on the
/// others: for choosing features and how much is fitted.
pub fn cross(dir: &Path) {
    let packages = pairs(dir, Half::Fit);
    let mut replays = [Set::Edits, Set::Young].map(|set| replay::run(&packages, set, Keys::Asked));
    let fitted: Vec<Reranker> = (0..FOLDS)
        .map(|fold| {
            let [edits, young] = &replays;
            Reranker::fit(&[edits, young], &|asked| asked.package % FOLDS != fold)
        })
        .collect();
    for (name, replay) in ["edits", "young"].iter().zip(&mut replays) {
        for (fold, reranker) in fitted.iter().enumerate() {
            let places = replay.places.iter_mut();
            reranker.weigh_again(places.filter(|place| place.package % FOLDS == fold));
        }
        replay.shown.clear();
        figures::print(
            &format!("{name}, fit half, fold by fold"),
            &figures::of(replay),
        );
    }
}

/// Prints how often cuts are right, by how sure the weights are of them.
fn print_cuts(replay: &Replay, weights: &[f64]) {
    let places = [&replay.places, &replay.keys].into_iter().flatten();
    let cuts: Vec<(f64, bool)> = places
        .flat_map(|place| &place.cuts)
        .map(|(features, right)| (probability(features, weights), *right))
        .collect();
    for tenth in 5..10 {
        let sure = |p: f64| (p * 10.0) as usize == tenth;
        let those: Vec<_> = cuts.iter().filter(|(p, _)| sure(*p)).collect();
        let right = those.iter().filter(|(_, right)| *right).count();
        println!(
            "cuts sure by 0.{tenth}: {}, {:.1} % right",
            those.len(),
            100.0 * right as f64 / those.len().max(1) as f64
        );
    }
}
