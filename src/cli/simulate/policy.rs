//! `mantle simulate --policy`: what other decisions would have brought, from what chance has played.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::bail;
use serde_json::{Value, json};

use crate::domain::{Action, ModelId, Reason, Timestamp, fnv1a};
use crate::ledger::{LedgerReader, Logged};
use crate::routing::off_policy::{
    Evidence, Interval, Sample, TooThin, Verdict, Wish, evidence, judge,
};

/// What is estimated, in one sentence.
const ESTIMAND: &str = "the mean of accepted characters and of the cost of calls per decision point, had \
    the first choice been the other policy's at each of them, with the estimates, prices and budget of that \
    moment; what follows a call that fails is as it was";

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Estimates a policy on a period and prints it.
///
/// # Errors
///
/// When the ledger cannot be read, a cost is not known, or the evidence is too thin for a verdict: then
/// what there is was printed.
pub(super) async fn run(
    wish: &Wish,
    name: &str,
    (reader, since, until): (&LedgerReader, Timestamp, Timestamp),
    is_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (mut chars, mut costs): (Vec<Sample>, Vec<f64>) = Default::default();
    let mut unpriced = 0;
    reader
        .logged((since, until), |logged| {
            unpriced += logged.unpriced;
            costs.push(logged.cost_pico as f64 / 1e12);
            chars.push(sample(&logged, wish));
        })
        .await?;
    if chars.is_empty() {
        bail!("there are no decisions in this period; choose a longer one with --since 90d");
    }
    if unpriced > 0 {
        bail!("the cost of {unpriced} calls is not known; choose a period without them");
    }
    let (evidence, is_enough) = evidence(&chars);
    let of_chars = judge(&chars);
    for (sample, cost) in chars.iter_mut().zip(costs) {
        sample.reward = cost;
    }
    let said = Said {
        name,
        evidence,
        is_enough,
        of_chars,
        of_cost: judge(&chars),
    };
    match is_json {
        true => writeln!(out, "{:#}", said.json(since, until))?,
        false => out.write_all(said.text().as_bytes())?,
    }
    if let Err(why) = is_enough {
        bail!("no verdict: {why}");
    }
    Ok(())
}

/// A row as the estimator sees it. All that costs nothing is one option, but for silence where the
/// embedded model was held out: that is played for its own sake only.
fn sample(logged: &Logged, wish: &Wish) -> Sample {
    let option = |model: Option<&ModelId>| fnv1a(model.map_or("", ModelId::as_str).as_bytes());
    let shows_embedded = logged
        .arms
        .first()
        .is_some_and(|embedded| embedded.excluded.is_none());
    let is_silenced =
        logged.action == Action::Silent && logged.reason == Reason::HeldOut && shows_embedded;
    let taken = match logged.action {
        Action::Call => option(logged.arm.as_ref()),
        _ if is_silenced => fnv1a(b"held out"),
        _ => option(None),
    };
    let wanted = option(wish.wanted(&logged.arms));
    let day = logged.at.unix_micros().div_euclid(MICROS_PER_DAY);
    let user = logged.user.as_deref().unwrap_or_default();
    let sure = logged.arms.first().and_then(|embedded| embedded.p_accept);
    let sure = sure.map_or(-1, |sure| (sure * 5.0) as i32);
    Sample {
        cluster: fnv1a(format!("{user} {day}").as_bytes()),
        cell: fnv1a(format!("{} {sure} {shows_embedded}", logged.language).as_bytes()),
        taken,
        propensity: logged.propensity.unwrap_or(1.0),
        wanted,
        // Every option that was let in has a floor under it where chance plays.
        is_supported: taken == wanted || logged.is_drawn,
        reward: logged.accepted_chars as f64,
    }
}

struct Said<'s> {
    name: &'s str,
    evidence: Evidence,
    is_enough: Result<(), TooThin>,
    of_chars: Verdict,
    of_cost: Verdict,
}

impl Said<'_> {
    fn text(&self) -> String {
        let mut text = format!("Estimated: {ESTIMAND}\n\n");
        let evidence = &self.evidence;
        let _ = writeln!(
            text,
            "{} decision points of {} user-days; {:.0} effective; {:.1} % of what {} does could be played; \
             largest weight {:.1}\n",
            evidence.decisions,
            evidence.clusters,
            evidence.effective_clusters,
            100.0 * evidence.support,
            self.name,
            evidence.largest_weight
        );
        if self.is_enough.is_err() {
            return text;
        }
        let _ = writeln!(
            text,
            "{:<22}{:>28}{:>28}{:>28}",
            "per 1,000 points", "as it was", self.name, "change"
        );
        let mut line = |what: &str, verdict: &Verdict, places: usize| {
            let [was, other, change] = [verdict.logged, verdict.other, verdict.change]
                .map(|interval| shown(interval, places));
            let _ = writeln!(text, "{what:<22}{was:>28}{other:>28}{change:>28}");
        };
        line("accepted characters", &self.of_chars, 0);
        line("cost of calls, USD", &self.of_cost, 4);
        text.push_str(
            "\nIn brackets: 95 % intervals, by user-day. Estimates, not what was measured.\n",
        );
        text
    }

    fn json(&self, since: Timestamp, until: Timestamp) -> Value {
        let evidence = &self.evidence;
        let verdict = |verdict: &Verdict| {
            json!({
                "logged": per_thousand(verdict.logged),
                "policy": per_thousand(verdict.other),
                "change": per_thousand(verdict.change),
            })
        };
        json!({
            "version": 1,
            "estimand": ESTIMAND,
            "policy": self.name,
            "period": {"since": super::day(since), "until": super::day(until)},
            "decisions": evidence.decisions,
            "user_days": evidence.clusters,
            "effective_user_days": evidence.effective_clusters,
            "support": evidence.support,
            "largest_weight": evidence.largest_weight,
            "refused": self.is_enough.err().map(|why| why.to_string()),
            "per_1000": self.is_enough.is_ok().then(|| json!({
                "accepted_characters": verdict(&self.of_chars),
                "cost_usd": verdict(&self.of_cost),
            })),
        })
    }
}

fn per_thousand(interval: Interval) -> [f64; 3] {
    [interval.value, interval.low, interval.high].map(|value| value * 1_000.0)
}

fn shown(interval: Interval, places: usize) -> String {
    let [value, low, high] = per_thousand(interval);
    format!("{value:.places$} [{low:.places$}, {high:.places$}]")
}

#[cfg(test)]
mod tests;
