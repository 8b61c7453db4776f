//! The frontier of kept characters against margin: what other policies would have brought in the
//! period of a report, estimated from what chance has played, beside what was.
//!
//! It reads every decision of the period, so it is made only when somebody asks for it.

use serde::Serialize;

use super::beyond::Section;
use super::layout::UNKNOWN;
use super::silence::Silence;
use crate::cli::played::{Course, Played, Plays};
use crate::domain::Timestamp;
use crate::ledger::margin::Margin;
use crate::ledger::{LedgerError, LedgerReader};
use crate::routing::off_policy::{Interval, Judge, MOST_OFF_SUPPORT, TooThin, Wish};

/// What is estimated, in one sentence.
const ESTIMAND: &str = "what the first choice at every decision point would have brought, had it been the \
    policy's, with the estimates, prices and budget of that moment; pools and other costs stay as they were";

/// What may be paid for 1,000 expected characters, in dollars: from next to nothing to whatever it costs.
const WORTHS: [f64; 8] = [0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// A value, and its interval of 95 %, low end first.
pub(super) type Estimate = [f64; 3];

/// Points between paying nobody and the dearest model everywhere.
#[derive(Serialize, Debug)]
pub(super) struct Frontier {
    estimand: &'static str,
    /// `kept_characters`, or `accepted_characters` where most accepts were not looked after.
    measure: &'static str,
    /// Accepts that nobody has looked after: as much of them is taken to be kept as of the others.
    not_looked_after: Option<usize>,
    decisions: usize,
    user_days: usize,
    /// Why there is nothing but what was.
    refused: Option<String>,
    /// By cost, the cheapest first.
    pub points: Vec<Point>,
    left_out: Vec<LeftOut>,
}

/// A policy and where it lies.
#[derive(Serialize, Debug)]
pub(super) struct Point {
    /// As `mantle simulate --policy` takes it; `None` is what was.
    pub policy: Option<String>,
    /// Per 1,000 decision points.
    pub characters: Estimate,
    /// What calls cost per 1,000 decision points, in dollars.
    pub cost_usd: Estimate,
    /// The margin that the period would have had; `None` without revenue.
    pub gross_margin: Option<Estimate>,
    /// How much evidence there is; `None` of what was.
    effective_user_days: Option<f64>,
    /// Whether no other point brings as much for less.
    pub is_on_frontier: bool,
}

/// A policy of which too little is known.
#[derive(Serialize, Debug)]
struct LeftOut {
    policy: String,
    reason: String,
}

impl Frontier {
    /// Estimates the frontier of a period whose margin is known, and what silence has missed in it: both from
    /// one reading of its decisions. `None` where nothing was decided.
    ///
    /// # Errors
    ///
    /// When the ledger cannot be read.
    pub async fn of(
        reader: &LedgerReader,
        period: (Timestamp, Timestamp),
        margin: &Margin,
    ) -> Result<Option<(Self, Silence)>, LedgerError> {
        let worths = WORTHS.map(Wish::Worth);
        let plays = Plays {
            wishes: std::iter::once(Wish::Free).chain(worths).collect(),
            without: Vec::new(),
            every_model: true,
        };
        let played = Played::read(reader, period, plays).await?;
        let estimate = || (Self::from_played(&played, margin), Silence::of(&played));
        Ok((!played.samples.is_empty()).then(estimate))
    }

    fn from_played(played: &Played, margin: &Margin) -> Self {
        let kept = played.kept();
        let not_looked_after = kept.as_ref().map(|(_, unlooked)| *unlooked);
        let measure = match kept {
            Some(_) => "kept_characters",
            None => "accepted_characters",
        };
        let kept = kept.map(|(kept, _)| kept);
        let characters = kept.as_deref().unwrap_or(&played.accepted);
        let scale = Scale {
            of_characters: Judge::of(&played.samples, characters),
            of_usd: Judge::of(&played.samples, &played.usd),
            margin,
            decisions: played.samples.len() as f64,
        };
        let mut frontier = Self {
            estimand: ESTIMAND,
            measure,
            not_looked_after,
            decisions: played.samples.len(),
            user_days: scale.of_usd.clusters(),
            refused: refusal(played),
            points: vec![scale.what_was()],
            left_out: Vec::new(),
        };
        if frontier.refused.is_none() {
            frontier.add(&scale, &played.courses);
        }
        frontier.find_the_best();
        frontier
    }

    fn add(&mut self, scale: &Scale<'_>, courses: &[Course]) {
        let mut told = Vec::new();
        for course in courses {
            match scale.untold(course) {
                None => told.push(course),
                // All prices need the same to be known.
                Some(reason) if self.left_out.is_empty() => self.left_out.push(LeftOut {
                    policy: "worth=…".to_owned(),
                    reason,
                }),
                Some(_) => {}
            }
        }
        // At some prices the same is done as by a policy with a plainer name.
        told.sort_by_key(|course| matches!(course.wish, Wish::Worth(_)));
        for (index, course) in told.iter().enumerate() {
            if told[..index].iter().any(|other| other.is_like(course)) {
                continue;
            }
            match scale.point(course) {
                Ok(point) => self.points.push(point),
                Err(why) => self.left_out.push(LeftOut {
                    policy: course.wish.to_string(),
                    reason: why.to_string(),
                }),
            }
        }
    }

    /// Sorts the points, and marks those that no other one beats.
    fn find_the_best(&mut self) {
        let by_cost = |one: &Point, other: &Point| one.cost_usd[0].total_cmp(&other.cost_usd[0]);
        self.points.sort_by(by_cost);
        let at: Vec<[f64; 2]> = self
            .points
            .iter()
            .map(|point| [point.characters[0], -point.cost_usd[0]])
            .collect();
        for (point, here) in self.points.iter_mut().zip(&at) {
            let is_beaten = at
                .iter()
                .any(|other| other != here && other[0] >= here[0] && other[1] >= here[1]);
            point.is_on_frontier = !is_beaten;
        }
    }

    /// Returns what is measured, as people call it.
    pub fn what(&self) -> &'static str {
        match self.not_looked_after {
            Some(_) => "kept characters",
            None => "accepted characters",
        }
    }

    /// Returns the section of the report.
    pub fn section(&self) -> Section {
        let mut rows = vec![[
            "policy".to_owned(),
            self.what().to_owned(),
            "per 1,000 points; 95 % intervals by user-day".to_owned(),
        ]];
        rows.extend(self.points.iter().map(row));
        rows.extend(
            self.left_out
                .iter()
                .map(|out| [out.policy.clone(), UNKNOWN.to_owned(), out.reason.clone()]),
        );
        let decisions = super::layout::count(self.decisions as u64);
        let mut note = format!(
            "{}. {decisions} decision points of {} user-days.",
            self.refused.as_deref().unwrap_or(ESTIMAND),
            self.user_days
        );
        if let Some(unlooked) = self.not_looked_after.filter(|unlooked| *unlooked > 0) {
            note.push_str(&format!(
                " Of {unlooked} accepts that nobody has looked after, as much is taken to be kept as of the others."
            ));
        }
        Section {
            name: "Frontier: estimated, not what happened",
            note,
            rows,
        }
    }
}

fn row(point: &Point) -> [String; 3] {
    let name = point.policy.as_deref().unwrap_or("as it was");
    let mut parts = Vec::new();
    if let Some(margin) = point.gross_margin {
        let percents = margin.map(|share| share * 100.0);
        parts.push(match point.policy {
            Some(_) => format!("margin {} %", shown(percents, 2)),
            None => format!("margin {} %", fixed(percents[0], 2)),
        });
    }
    parts.push(format!("calls ${}", shown(point.cost_usd, 4)));
    if !point.is_on_frontier {
        parts.push("another brings as much for less".to_owned());
    }
    let characters = shown(point.characters, 0);
    [name.to_owned(), characters, parts.join(", ")]
}

fn shown(estimate: Estimate, places: usize) -> String {
    let [value, low, high] = estimate.map(|number| fixed(number, places));
    format!("{value} [{low}, {high}]")
}

/// Writes a number with so many places; what rounds to nothing has no sign.
fn fixed(number: f64, places: usize) -> String {
    let text = format!("{number:.places$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.bytes().all(|byte| matches!(byte, b'0' | b'.')) => rest.to_owned(),
        _ => text,
    }
}

/// Says why no other policy can be estimated, where that is so.
fn refusal(played: &Played) -> Option<String> {
    if played.unpriced > 0 {
        return Some(format!(
            "the cost of {} calls is not known, so nothing is said of other policies",
            played.unpriced
        ));
    }
    let is_drawn = played.samples.iter().any(|sample| sample.is_drawn);
    (!is_drawn).then(|| {
        "no decision of this period was drawn by chance, so nothing can be said of other policies; choices are \
         drawn where there is a budget or a value per character"
            .to_owned()
    })
}

/// What points are measured with.
struct Scale<'p> {
    of_characters: Judge<'p>,
    of_usd: Judge<'p>,
    margin: &'p Margin,
    decisions: f64,
}

impl Scale<'_> {
    fn what_was(&self) -> Point {
        let usd = self.of_usd.logged();
        // What the period has cost is known.
        let known = Interval {
            low: usd.value,
            high: usd.value,
            ..usd
        };
        Point {
            policy: None,
            characters: per_thousand(self.of_characters.logged()),
            cost_usd: per_thousand(usd),
            gross_margin: self.margin_at(known),
            effective_user_days: None,
            is_on_frontier: false,
        }
    }

    /// Says why it is not known what a policy would have done, where that is so.
    fn untold(&self, course: &Course) -> Option<String> {
        let share = course.untold as f64 / self.decisions;
        (share > MOST_OFF_SUPPORT).then(|| {
            format!(
                "{:.0} % of the decisions do not say what each model was expected to bring",
                share * 100.0
            )
        })
    }

    fn point(&self, course: &Course) -> Result<Point, TooThin> {
        let wanted = |row| course.wanted(row);
        let (evidence, is_enough) = self.of_usd.evidence(wanted);
        is_enough?;
        let usd = self.of_usd.verdict(wanted);
        Ok(Point {
            policy: Some(course.wish.to_string()),
            characters: per_thousand(self.of_characters.verdict(wanted).other),
            cost_usd: per_thousand(usd.other),
            gross_margin: self.margin_at(usd.other),
            effective_user_days: Some(evidence.effective_clusters),
            is_on_frontier: false,
        })
    }

    /// Returns the margin of the period, had each decision cost so much instead of what it has.
    fn margin_at(&self, usd: Interval) -> Option<Estimate> {
        self.margin.margin_ppm()?;
        let net = self.margin.earned.as_ref()?.net().get() as f64;
        let of_decisions = |usd: f64| usd * 1e6 * self.decisions;
        let rest = self.margin.cost().get() as f64 - of_decisions(self.of_usd.logged().value);
        let at = |usd: f64| (net - rest - of_decisions(usd)) / net;
        Some([at(usd.value), at(usd.high), at(usd.low)])
    }
}

fn per_thousand(interval: Interval) -> Estimate {
    [interval.value, interval.low, interval.high].map(|value| value * 1_000.0)
}

#[cfg(test)]
mod tests;
