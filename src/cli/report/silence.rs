//! What silence saved and what it missed: beside the other savings, estimated from what chance has played.
//!
//! It is read with the frontier, from every decision of the period.

use serde::Serialize;

use super::beyond::Section;
use super::frontier::Estimate;
use super::layout::{UNKNOWN, count};
use crate::cli::played::Played;
use crate::routing::off_policy::{FEWEST_CLUSTERS, Interval, MOST_OFF_SUPPORT, Missed};

/// What is estimated, in one sentence.
const ESTIMAND: &str = "what one of the eligible models, drawn by lot, would have brought and cost at the places where \
    nothing was free and the router asked nobody; from the places of that kind where chance has asked one, each \
    weighted by the probabilities on its row";

/// How an amount is written.
type Written<'w> = &'w dyn Fn(f64) -> String;

/// What silence saved and missed in a period; whole amounts, not per decision.
#[derive(Serialize, Debug)]
pub(super) struct Silence {
    estimand: &'static str,
    /// Places where nothing was free, a model was eligible, and nobody was asked.
    places: usize,
    /// Places of that kind where a model was asked: what is said of the others comes from them.
    asked: usize,
    /// Of them, places of held-out bursts.
    held_out: usize,
    effective_user_days: f64,
    /// Why nothing is estimated.
    refused: Option<String>,
    /// What calls would have cost, in dollars; `None` too where the cost of calls is not known.
    saved_usd: Option<Estimate>,
    /// Suggestions that would have been accepted, whole or in part.
    lost_accepts: Option<Estimate>,
    /// `kept_characters`, or `accepted_characters` where most accepts were not looked after.
    measure: &'static str,
    /// Characters of them.
    lost_characters: Option<Estimate>,
}

impl Silence {
    /// Estimates it from the decisions of a period.
    pub fn of(played: &Played) -> Self {
        let missed = Missed::of(&played.gates);
        let refused = refusal(&missed);
        let is_told = refused.is_none();
        let total = |rewards: &[f64]| {
            let Interval { value, low, high } = missed.total(rewards);
            is_told.then_some([value, low, high])
        };
        let kept = played.kept().map(|(kept, _)| kept);
        let accepts: Vec<f64> = played
            .accepted
            .iter()
            .map(|characters| f64::from(*characters > 0.0))
            .collect();
        Self {
            estimand: ESTIMAND,
            places: missed.silent,
            asked: missed.asked,
            held_out: played.held_out,
            effective_user_days: missed.effective_clusters,
            refused,
            saved_usd: total(&played.usd).filter(|_| played.unpriced == 0),
            lost_accepts: total(&accepts),
            measure: match kept {
                Some(_) => "kept_characters",
                None => "accepted_characters",
            },
            lost_characters: total(kept.as_deref().unwrap_or(&played.accepted)),
        }
    }

    /// Returns the section of the report.
    pub fn section(&self) -> Section {
        let places = self.places as u64;
        let asked = self.asked as u64;
        let held_out = match self.held_out {
            0 => String::new(),
            held_out => format!(", {} of them held out", count(held_out as u64)),
        };
        let mut rows = vec![[
            "places".to_owned(),
            count(places),
            format!(
                "a model was asked at {} others of their kind{held_out}",
                count(asked)
            ),
        ]];
        if let Some(why) = &self.refused {
            let name = "saved and missed".to_owned();
            rows.push([name, UNKNOWN.to_owned(), why.clone()]);
            return self.with(rows);
        }
        let characters = match self.measure {
            "kept_characters" => "kept characters missed",
            _ => "accepted characters missed",
        };
        let dollars = |usd: f64| format!("${usd:.4}");
        let whole = |number: f64| count(number.round() as u64);
        for (name, estimate, written) in [
            ("saved on calls", self.saved_usd, &dollars as Written<'_>),
            ("accepts missed", self.lost_accepts, &whole),
            (characters, self.lost_characters, &whole),
        ] {
            let [value, rest] = match estimate {
                Some([value, low, high]) => [
                    written(value),
                    format!("{} to {}", written(low), written(high)),
                ],
                None => [
                    UNKNOWN.to_owned(),
                    "the cost of some calls is not known".to_owned(),
                ],
            };
            rows.push([name.to_owned(), value, rest]);
        }
        self.with(rows)
    }

    fn with(&self, rows: Vec<[String; 3]>) -> Section {
        Section {
            name: "Silence, and what it missed: estimated, not what happened",
            note: format!("{ESTIMAND}. Intervals of 95 % by user-day."),
            rows,
        }
    }
}

/// Says why nothing can be said, where that is so.
fn refusal(missed: &Missed<'_>) -> Option<String> {
    let asked = missed.asked + missed.untold;
    if missed.silent == 0 {
        return Some(
            "nobody was left unasked where a model was eligible and chance had a part".to_owned(),
        );
    }
    if asked == 0 {
        return Some("at no place of this kind was a model asked by chance".to_owned());
    }
    let untold = missed.untold as f64 / asked as f64;
    if untold > MOST_OFF_SUPPORT {
        return Some(format!(
            "{:.0} % of the calls at such places do not say how likely silence was: an older version has \
             decided them",
            untold * 100.0
        ));
    }
    let effective = missed.effective_clusters;
    (effective < FEWEST_CLUSTERS).then(|| {
        format!(
            "{asked} such places stand for {effective:.0} effective user-days, of at least {FEWEST_CLUSTERS:.0}; a \
             period {:.0} times as long would have enough",
            (FEWEST_CLUSTERS / effective).ceil()
        )
    })
}

#[cfg(test)]
mod tests;
