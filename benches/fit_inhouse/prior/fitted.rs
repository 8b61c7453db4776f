//! The fit: means by the regression that the router learns with, firmness by what foretells best.

use std::collections::BTreeSet;

use mantle_ls::domain::CursorSite;
use mantle_ls::routing::{
    Channel, Example, Expected, FeatureVector, Logistic, Prior, encode, sigmoid,
};

use super::places::{COLUMNS, Seen, packages};
use super::{AGREEMENT, GUESSED_LEVEL};

/// The numbers of a place whose weights are fitted. The tokens of a prompt are not among them: they
/// differ by whether other files are known more than by the place.
const NUMBERS: [&str; 6] = [
    "embedded",
    "embedded-chars",
    "embedded=silent",
    "line",
    "name",
    "document",
];
const LEFT_OUT: &str = "prompt";
/// How firmly weights are held at 0 while the means are fitted: numbers hardly; sites, languages and
/// the two together as if they differed by half a logit.
const HELD: [f64; 2] = [1.0, 4.0];
/// A weight that stays where it is.
const FIXED: f64 = 1e6;
/// How firm the level is: half a logit either way, from a quarter to nearly a half, for models are
/// unlike. A guess as the level itself.
const FIRM_LEVEL: f64 = 4.0;
/// How firm the numbers, the kinds and all that is not named may be. At 20, whoever is right every
/// second time has to show eighty labels to be believed half of what is expected otherwise.
const FIRM: [f64; 4] = [4.0, 8.0, 14.0, 20.0];
/// Parts of the packages, each foretold by what was fitted on the others.
const PARTS: usize = 5;
/// Rounds of the fit; it ends when no weight moves.
const ROUNDS: usize = 200;

/// A place with its vector.
pub struct Row<'s> {
    pub seen: &'s Seen,
    pub vector: FeatureVector,
}

/// Returns places with their vectors.
pub fn rows(seen: &[Seen]) -> Vec<Row<'_>> {
    seen.iter()
        .map(|seen| Row {
            vector: encode(&seen.features),
            seen,
        })
        .collect()
}

/// Fits the prior on places: first as it is of a second embedded model, then of any model.
pub fn priors(seen: &[Seen]) -> [Prior; 2] {
    let rows = rows(seen);
    let all: Vec<&Row<'_>> = rows.iter().collect();
    let parts: Vec<(Prior, Vec<&Row<'_>>)> = (0..PARTS)
        .map(|part| {
            let (kept, others): (Vec<&Row<'_>>, Vec<&Row<'_>>) = all
                .iter()
                .copied()
                .partition(|row| row.seen.package % PARTS == part);
            (means(&others), kept)
        })
        .collect();
    let mut best = (f64::INFINITY, [0.0; 3]);
    for numbers in FIRM {
        for kinds in FIRM {
            for others in FIRM {
                let firm = [numbers, kinds, others];
                let loss: f64 = parts
                    .iter()
                    .map(|(means, kept)| foretold(&firmly(means, firm), kept).loss)
                    .sum();
                if loss < best.0 {
                    best = (loss, firm);
                }
            }
        }
    }
    println!("precision of numbers, kinds and others: {:?}", best.1);
    let own_kind = firmly(&means(&all), best.1);
    let any = of_any_kind(&own_kind, &all);
    [own_kind, any]
}

/// Takes from all weights what only a model of the embedded one's kind would have: as much as makes
/// the two go together like models of different kinds.
fn of_any_kind(prior: &Prior, rows: &[&Row<'_>]) -> Prior {
    let seen = log_odds_ratio(rows.iter().map(|row| {
        let other = f64::from(u8::from(row.seen.other_is_right));
        (row.seen.is_right, other)
    }));
    let told = agreement(prior, rows);
    // What a place looks like tells a part of it; of less there is less to tell.
    let aim = told * AGREEMENT / seen;
    println!(
        "log odds ratio of both being right: {seen:.2}, of which looks tell {told:.2}; {AGREEMENT:.2} \
         of models of different kinds"
    );
    let shrunk = |part: f64| {
        let mut shrunk = prior.clone();
        for expected in shrunk.named.values_mut() {
            expected.mean *= part;
        }
        levelled(shrunk, rows, GUESSED_LEVEL)
    };
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..20 {
        let part = f64::midpoint(low, high);
        if agreement(&shrunk(part), rows) < aim {
            low = part;
        } else {
            high = part;
        }
    }
    println!("of the weights {low:.2} are left");
    shrunk(low)
}

/// Returns how far the embedded model and a model that a prior expects are right at the same places.
fn agreement(prior: &Prior, rows: &[&Row<'_>]) -> f64 {
    let regression = prior.regression();
    log_odds_ratio(
        rows.iter()
            .map(|row| (row.seen.is_right, chance(&regression, row))),
    )
}

/// Returns the log odds ratio of two models being right, of one of which only the chance is known.
fn log_odds_ratio(places: impl Iterator<Item = (bool, f64)>) -> f64 {
    let mut table = [[0.0; 2]; 2];
    for (is_right, other) in places {
        let row = &mut table[usize::from(is_right)];
        row[0] += 1.0 - other;
        row[1] += other;
    }
    let [[neither, other], [own, both]] = table;
    (both * neither / (other * own)).ln()
}

/// Fits the means, and puts the level where it is guessed to be.
fn means(rows: &[&Row<'_>]) -> Prior {
    let held = |precision| Expected {
        mean: 0.0,
        precision,
    };
    let mut start = Prior {
        level: held(0.01),
        others: 2.0 * HELD[1],
        named: names(rows)
            .into_iter()
            .map(|name| {
                let is_number = NUMBERS.contains(&name.as_str());
                (name, held(HELD[usize::from(!is_number)]))
            })
            .collect(),
    };
    start.named.insert(LEFT_OUT.to_owned(), held(FIXED));
    let mut regression = start.regression();
    let examples: Vec<Example<'_>> = rows
        .iter()
        .map(|row| Example {
            features: &row.vector,
            label: f64::from(u8::from(row.seen.other_is_right)),
            weight: 1.0 / COLUMNS as f64,
        })
        .collect();
    regression.fit(&examples, ROUNDS);
    let weight = |slot: u32| {
        let alone = FeatureVector::of_slots(vec![(slot, 1.0)]);
        regression.believe(&alone).mean
    };
    start.named.remove(LEFT_OUT);
    for (name, expected) in &mut start.named {
        expected.mean = weight(Prior::slot(name));
    }
    levelled(start, rows, GUESSED_LEVEL)
}

/// Puts the level where `share` of the places are expected to be right.
pub fn levelled(mut prior: Prior, rows: &[&Row<'_>], share: f64) -> Prior {
    let (mut low, mut high) = (-10.0, 10.0);
    for _ in 0..40 {
        prior.level.mean = f64::midpoint(low, high);
        let regression = prior.regression();
        let expected: f64 = rows.iter().map(|row| chance(&regression, row)).sum();
        if expected < share * rows.len() as f64 {
            low = prior.level.mean;
        } else {
            high = prior.level.mean;
        }
    }
    prior
}

/// Returns the features whose weights are fitted; where two share a slot, the weight stands at the
/// first of them.
fn names(rows: &[&Row<'_>]) -> Vec<String> {
    let numbers = NUMBERS.iter().map(|&name| name.to_owned());
    let sites = CursorSite::ALL.iter().map(|site| format!("site={site}"));
    let languages: BTreeSet<&str> = rows
        .iter()
        .map(|row| row.seen.features.language.as_str())
        .collect();
    let languages = languages
        .iter()
        .map(|language| format!("language={language}"));
    let mut slots = BTreeSet::new();
    numbers
        .chain(sites)
        .chain(languages)
        .filter(|name| slots.insert(Prior::slot(name)))
        .collect()
}

/// Sets how firm a prior is: its numbers, its sites and languages, and all that is not named.
fn firmly(prior: &Prior, [numbers, kinds, others]: [f64; 3]) -> Prior {
    let mut prior = prior.clone();
    prior.level.precision = FIRM_LEVEL;
    prior.others = others;
    for (name, expected) in &mut prior.named {
        let is_number = NUMBERS.contains(&name.as_str());
        expected.precision = if is_number { numbers } else { kinds };
    }
    prior
}

/// Returns how likely the other model is taken to be right.
pub fn chance(regression: &Logistic, row: &Row<'_>) -> f64 {
    sigmoid(regression.believe(&row.vector).mean)
}

/// How places were foretold.
pub struct Foretold {
    /// The log loss over all lines, in nats.
    pub loss: f64,
    /// What was believed of each, and what came.
    pub each: Vec<(f64, bool)>,
}

/// Begins anew with every package, and learns from each of its lines after foretelling it.
pub fn foretold(prior: &Prior, rows: &[&Row<'_>]) -> Foretold {
    let start = prior.regression();
    let mut each = Vec::new();
    for package in packages(rows.iter().map(|row| row.seen)) {
        let mut regression = start.clone();
        let own = rows
            .iter()
            .filter(|row| row.seen.package == package && row.seen.is_first);
        for row in own {
            each.push((chance(&regression, row), row.seen.other_is_right));
            let example = Example {
                features: &row.vector,
                label: f64::from(u8::from(row.seen.other_is_right)),
                weight: 1.0,
            };
            regression.observe(example, Channel::CLEAR);
        }
    }
    Foretold {
        loss: log_loss(&each) * each.len() as f64,
        each,
    }
}

/// Returns the mean log loss, in nats.
pub fn log_loss(each: &[(f64, bool)]) -> f64 {
    let loss = |&(p, came): &(f64, bool)| -(if came { p } else { 1.0 - p }).max(1e-9).ln();
    each.iter().map(loss).sum::<f64>() / each.len().max(1) as f64
}
