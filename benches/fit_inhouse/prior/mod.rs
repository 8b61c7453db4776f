//! Fits what the router expects of a model that has taught it nothing: `src/routing/prior.tsv`.
//!
//! The labels are real: lines that releases add, and whether a model goes on as they do. The model
//! that is asked is a second embedded model. Of each package's old release one knows a random half
//! of the files and stands for the embedded model, whose sureness the router is told; the other
//! knows the other half and stands for the model over the network, whose rightness is the label.
//! They share a method and the open file, nothing else. So what is fitted is how a place's looks go
//! together with whether *another* model is right there: slopes, by site and by language.
//!
//! Two things cannot be seen here. How often a model over the network is right as such stays a guess
//! (`GUESSED_LEVEL`). And two models of one method find the same places easy far more than models of
//! different methods do, so all weights are shrunk until what they tell of the other model is as much
//! less as `AGREEMENT` says.
//!
//! Fitted on the fit half; how firm it is, too, by how well places are foretold in packages that it
//! was not fitted on while each teaches. Judged on the check half.

mod fitted;
mod judged;
mod places;

use std::path::Path;

use mantle_ls::routing::{Expected, Prior};

use super::corpus::{Half, pairs};
use places::Seen;

/// The share of all places of the fit half that a model nobody knows is expected to be right at: a
/// guess.
pub const GUESSED_LEVEL: f64 = 1.0 / 3.0;

/// The log odds ratio of two models of different kinds being right at the same place. In the published
/// outcomes of 37 models on CRUXEval (Gu et al., 2024; MIT) it is 2.0 in the median of all pairs, and
/// from 1.3 to 2.6 in four of five; those are functions whose results are foretold, not lines that go
/// on.
pub const AGREEMENT: f64 = 2.0;

/// Returns what was set by hand before: a third right on ordinary lines, more where the embedded
/// model is sure.
fn by_hand() -> Prior {
    let slope = Expected {
        mean: 0.5,
        precision: 8.0,
    };
    Prior {
        level: Expected {
            mean: -0.7,
            precision: 20.0,
        },
        others: 4.0,
        named: [("embedded".to_owned(), slope)].into(),
    }
}

/// Prints the rows of `prior.tsv`, and how they do on the check half beside those set by hand.
pub fn fit(dir: &Path) {
    let seen = places::of(&pairs(dir, Half::Fit));
    let check = places::of(&pairs(dir, Half::Check));
    for (name, seen) in [("fit", &seen), ("check", &check)] {
        let share = |is: fn(&Seen) -> bool| {
            100.0 * seen.iter().filter(|seen| is(seen)).count() as f64 / seen.len() as f64
        };
        println!(
            "{name} half: {} places in {} packages; the other model is right at {:.1} %, the \
             embedded one at {:.1} %, which says something at {:.1} %",
            seen.len(),
            places::packages(seen.iter()).len(),
            share(|seen| seen.other_is_right),
            share(|seen| seen.is_right),
            share(|seen| seen.features.embedded_confidence.is_some()),
        );
    }
    let [own_kind, any_kind] = fitted::priors(&seen);
    println!("== src/routing/prior.tsv\n{any_kind}");
    let priors = [
        ("set by hand", by_hand()),
        ("fitted, of the embedded one's kind", own_kind),
        ("fitted, of any kind", any_kind),
    ];
    judged::print(&seen, &check, &priors);
}
