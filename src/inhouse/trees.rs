//! What a sum of weights cannot say of a line: small trees over the same features, whose leaves are
//! added to the sum.
//!
//! The trees are data, `trees.tsv`, a tree a row: seven questions, the first one at the root and
//! those after the answers no and yes behind it, each a feature and what it must be more than, then
//! eight leaves. They are fitted after the weights, as `weights` says, by gradient boosting
//! (Friedman, 2001) with Newton steps in the leaves (Chen and Guestrin, 2016).

use std::sync::LazyLock;

use super::features::{FEATURE_NAMES, Features};

const BUNDLED: &str = include_str!("trees.tsv");
/// Questions on the way to a leaf.
const DEPTH: usize = 3;
const QUESTIONS: usize = (1 << DEPTH) - 1;
const LEAVES: usize = 1 << DEPTH;

static TREES: LazyLock<Vec<Tree>> =
    LazyLock::new(|| parse(BUNDLED).expect("a test reads the committed rows"));

#[derive(Clone, Copy, Debug)]
struct Tree {
    questions: [(usize, f32); QUESTIONS],
    leaves: [f32; LEAVES],
}

impl Tree {
    fn leaf(&self, features: &Features) -> f32 {
        let mut at = 0;
        for _ in 0..DEPTH {
            let (feature, threshold) = self.questions[at];
            at = 2 * at + 1 + usize::from(features[feature] > threshold);
        }
        self.leaves[at - QUESTIONS]
    }
}

/// Returns what the trees add to the score of a line.
pub(super) fn score(features: &Features) -> f32 {
    TREES.iter().map(|tree| tree.leaf(features)).sum()
}

fn parse(rows: &str) -> Option<Vec<Tree>> {
    rows.lines().map(parse_row).collect()
}

fn parse_row(row: &str) -> Option<Tree> {
    let mut cells = row.split('\t');
    let mut questions = [(0, 0.0); QUESTIONS];
    for question in &mut questions {
        let (name, threshold) = cells.next()?.split_once('>')?;
        let feature = FEATURE_NAMES.iter().position(|known| *known == name)?;
        *question = (feature, threshold.parse().ok()?);
    }
    let mut leaves = [0.0; LEAVES];
    for leaf in &mut leaves {
        *leaf = cells.next()?.parse().ok()?;
    }
    cells.next().is_none().then_some(Tree { questions, leaves })
}

#[cfg(test)]
mod tests {
    use super::super::features::N_FEATURES;
    use super::*;

    #[test]
    fn the_committed_rows_can_be_read() {
        assert!(parse(BUNDLED).is_some_and(|trees| !trees.is_empty()));
    }

    #[test]
    fn the_answers_lead_to_a_leaf() {
        let row = "log_p>-1\ttokens>1\ttokens>2\tp>0\tp>0\tp>0\tp>0\t0\t1\t2\t3\t4\t5\t6\t7";
        let tree = parse_row(row).expect("a tree");
        let at = |name: &str| FEATURE_NAMES.iter().position(|known| *known == name);
        let leaf = |log_p: f32, tokens: f32, p: f32| {
            let mut features = [0.0; N_FEATURES];
            for (name, value) in [("log_p", log_p), ("tokens", tokens), ("p", p)] {
                features[at(name).expect("a feature")] = value;
            }
            tree.leaf(&features)
        };
        assert_eq!(leaf(-2.0, 1.5, 0.0), 2.0, "no, yes, no");
        assert_eq!(leaf(0.0, 1.5, 1.0), 5.0, "yes, no, yes");
        assert_eq!(leaf(-1.0, 0.0, 0.0), 0.0, "a threshold itself is not more");
    }

    #[test]
    fn a_row_that_is_cut_or_too_long_is_refused() {
        let row = BUNDLED.lines().next().expect("a tree");
        assert!(parse_row(row).is_some());
        assert!(parse_row(&row[..row.len() / 2]).is_none());
        assert!(parse_row(&format!("{row}\t0")).is_none());
        assert!(parse_row(&row.replacen('>', "_unknown>", 1)).is_none());
    }
}
