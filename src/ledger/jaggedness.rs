//! How unevenly suggestions are accepted from one kind of place to the next: raw for each model,
//! and for all that Mantle offered. It describes what happened: who was asked where was no chance.

use std::collections::BTreeMap;

use super::figures::Figures;
use crate::domain::divide_half_even;

/// Below this many offers, a share of acceptance says little of its cell.
pub const ENOUGH_OFFERS: u64 = 30;

/// The acceptance of one model over languages and sites.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jaggedness {
    /// Our name of the model; `None` is all of Mantle.
    pub model: Option<String>,
    /// Cells with enough offers.
    pub cells: usize,
    /// What is found in them; `None` where there are fewer than two.
    pub spread: Option<Spread>,
}

/// How far apart cells are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spread {
    /// The cell that accepts least.
    pub lowest: Cell,
    /// The cell that accepts most.
    pub highest: Cell,
    /// Standard deviation of the cells' shares, each counted once, in millionths.
    pub deviation_ppm: i128,
}

impl Spread {
    /// Returns the highest share less the lowest, in millionths.
    #[must_use]
    pub const fn ppm(&self) -> i128 {
        self.highest.ppm - self.lowest.ppm
    }
}

/// One language at one kind of place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Cell {
    /// Language of the document.
    pub language: String,
    /// What kind of place the cursor stood at.
    pub site: String,
    /// Accepted ÷ offered, in millionths.
    pub ppm: i128,
}

/// Lays out all models by name, and all of Mantle after them. `lines` are figures by model,
/// language and site; there is nothing to compare without any cell that has enough offers.
pub(super) fn of(lines: &BTreeMap<Vec<String>, Figures>) -> Vec<Jaggedness> {
    type Cells<'a> = BTreeMap<(&'a str, &'a str), (u64, u64)>;
    let mut by_model: BTreeMap<&str, Cells<'_>> = BTreeMap::new();
    let mut all: Cells<'_> = BTreeMap::new();
    for (keys, figures) in lines {
        let [model, language, site] = keys.as_slice() else {
            continue;
        };
        let is_unknown = |key: &String| key == "unknown" || key == "none";
        if is_unknown(model) || is_unknown(language) || is_unknown(site) {
            continue;
        }
        for cells in [by_model.entry(model).or_default(), &mut all] {
            let cell = cells.entry((language, site)).or_default();
            cell.0 += figures.offered;
            cell.1 += figures.accepted;
        }
    }
    let named = by_model.iter().map(|(model, cells)| (Some(*model), cells));
    let of_one = |(model, cells): (Option<&str>, &Cells<'_>)| {
        let cells: Vec<Cell> = cells.iter().filter_map(cell).collect();
        Jaggedness {
            model: model.map(str::to_owned),
            cells: cells.len(),
            spread: spread(&cells),
        }
    };
    let found: Vec<Jaggedness> = named.chain([(None, &all)]).map(of_one).collect();
    match found.iter().any(|one| one.cells > 0) {
        true => found,
        false => Vec::new(),
    }
}

fn cell((names, counts): (&(&str, &str), &(u64, u64))) -> Option<Cell> {
    let (offered, accepted) = *counts;
    (offered >= ENOUGH_OFFERS).then(|| Cell {
        language: names.0.to_owned(),
        site: names.1.to_owned(),
        ppm: divide_half_even(i128::from(accepted) * 1_000_000, offered.into()),
    })
}

fn spread(cells: &[Cell]) -> Option<Spread> {
    if cells.len() < 2 {
        return None;
    }
    let lowest = cells.iter().min_by_key(|cell| cell.ppm)?.clone();
    let highest = cells.iter().max_by_key(|cell| cell.ppm)?.clone();
    let count = cells.len() as f64;
    let mean = cells.iter().map(|cell| cell.ppm as f64).sum::<f64>() / count;
    let squares = cells.iter().map(|cell| (cell.ppm as f64 - mean).powi(2));
    let deviation = (squares.sum::<f64>() / count).sqrt();
    Some(Spread {
        lowest,
        highest,
        deviation_ppm: deviation.round() as i128,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(keys: [&str; 3], offered: u64, accepted: u64) -> (Vec<String>, Figures) {
        let figures = Figures {
            offered,
            accepted,
            ..Figures::default()
        };
        (keys.map(str::to_owned).to_vec(), figures)
    }

    /// Two models that are uneven in opposite places are even together.
    #[test]
    fn a_mix_may_be_smoother_than_each_of_its_models() {
        let found = of(&BTreeMap::from([
            line(["a", "rust", "line-end"], 100, 10),
            line(["a", "go", "line-end"], 100, 50),
            line(["b", "rust", "line-end"], 100, 50),
            line(["b", "go", "line-end"], 100, 10),
            line(["b", "go", "argument"], ENOUGH_OFFERS - 1, 29),
            line(["none", "go", "line-end"], 100, 100),
        ]));
        let names: Vec<_> = found.iter().map(|one| one.model.as_deref()).collect();
        assert_eq!(names, [Some("a"), Some("b"), None]);
        let of_a = found[0].spread.as_ref().expect("two cells");
        assert_eq!(of_a.ppm(), 400_000);
        assert_eq!(of_a.deviation_ppm, 200_000);
        assert_eq!(of_a.lowest.language, "rust");
        let of_all = found[2].spread.as_ref().expect("two cells");
        assert_eq!((found[2].cells, of_all.ppm()), (2, 0));
    }

    #[test]
    fn too_few_offers_say_nothing() {
        let few = line(["a", "rust", "line-end"], ENOUGH_OFFERS - 1, 9);
        assert_eq!(of(&BTreeMap::from([few])), []);
        let one = of(&BTreeMap::from([line(
            ["a", "rust", "line-end"],
            ENOUGH_OFFERS,
            9,
        )]));
        assert_eq!((one[0].cells, &one[0].spread), (1, &None));
    }
}
