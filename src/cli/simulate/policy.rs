//! `mantle simulate --policy`: what other decisions would have brought, from what chance has played.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write;

use anyhow::bail;
use serde_json::{Value, json};

use crate::cli::WrongUse;
use crate::cli::played::{Played, Plays};
use crate::domain::{ModelId, Timestamp};
use crate::ledger::LedgerReader;
use crate::routing::off_policy::{
    Evidence, Interval, Judge, MOST_OFF_SUPPORT, TooThin, Verdict, Wish,
};

/// What is estimated, in one sentence.
const ESTIMAND: &str = "the mean of accepted characters, of those still there after ten minutes, and of the cost \
    of calls per decision point, had the first choice been the other policy's at each of them, with the \
    estimates, prices and budget of that moment; what follows a call that fails is as it was";

/// Estimates a policy on a period and prints it, as if what is named in `without` were not there.
///
/// # Errors
///
/// When the ledger cannot be read or knows no such name, a cost is not known, or the evidence is too
/// thin for a verdict: then what there is was printed.
pub(super) async fn run(
    (wish, name): (&Wish, &str),
    without: &[String],
    (reader, since, until): (&LedgerReader, Timestamp, Timestamp),
    is_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let plays = Plays {
        wishes: vec![wish.clone()],
        without: models_of(without, reader, (since, until)).await?,
        every_model: false,
    };
    let name = match without {
        [] => name.to_owned(),
        _ => format!("{name} without {}", without.join(", ")),
    };
    let name = name.as_str();
    let played = Played::read(reader, (since, until), plays).await?;
    let (rows, course) = (played.samples.len(), &played.courses[0]);
    if rows == 0 {
        bail!("there are no decisions in this period; choose a longer one with --since 90d");
    }
    if played.unpriced > 0 {
        bail!(
            "the cost of {} calls is not known; choose a period without them",
            played.unpriced
        );
    }
    if course.untold as f64 > MOST_OFF_SUPPORT * rows as f64 {
        bail!(
            "{} of {rows} decisions do not say what each model was expected to bring, so what {name} would have \
             done is not known; estimates are made where there is a budget or a value per character",
            course.untold
        );
    }
    let wanted = |row| course.wanted(row);
    let of_chars = Judge::of(&played.samples, &played.accepted);
    let (evidence, is_enough) = of_chars.evidence(wanted);
    let kept = played.kept();
    let said = Said {
        name,
        evidence,
        is_enough,
        of_chars: of_chars.verdict(wanted),
        of_kept: kept
            .map(|(kept, unlooked)| (Judge::of(&played.samples, &kept).verdict(wanted), unlooked)),
        of_cost: Judge::of(&played.samples, &played.usd).verdict(wanted),
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

/// Returns the models that a host, a lab or a model stands for, by the calls of the period.
async fn models_of(
    names: &[String],
    reader: &LedgerReader,
    (since, until): (Timestamp, Timestamp),
) -> anyhow::Result<Vec<ModelId>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let groups = reader.call_groups(since, until).await?;
    let mut models = BTreeSet::new();
    for name in names {
        let named = groups.iter().filter(|group| {
            [
                Some(&group.model),
                Some(&group.supplier),
                group.lab.as_ref(),
            ]
            .contains(&Some(name))
        });
        let named: Vec<&str> = named.map(|group| group.model.as_str()).collect();
        if named.is_empty() {
            let hosts: BTreeSet<&str> = groups.iter().map(|one| one.supplier.as_str()).collect();
            let known: BTreeSet<&str> = groups.iter().map(|one| one.model.as_str()).collect();
            let list = |names: BTreeSet<&str>| names.into_iter().collect::<Vec<_>>().join(", ");
            let (hosts, known) = (list(hosts), list(known));
            return Err(WrongUse(format!(
                "no call of this period went to `{name}`; there are the hosts {hosts} and the models {known}"
            ))
            .into());
        }
        models.extend(named);
    }
    Ok(models.into_iter().map(ModelId::new).collect())
}

struct Said<'s> {
    name: &'s str,
    evidence: Evidence,
    is_enough: Result<(), TooThin>,
    of_chars: Verdict,
    /// Of characters that were kept, and how many accepts nothing has looked after.
    of_kept: Option<(Verdict, usize)>,
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
        if let Some((verdict, _)) = &self.of_kept {
            line("kept characters", verdict, 0);
        }
        line("cost of calls, USD", &self.of_cost, 4);
        text.push_str(
            "\nIn brackets: 95 % intervals, by user-day. Estimates, not what was measured.\n",
        );
        match self.of_kept {
            None => text
                .push_str("Most accepts were not looked after, so what was kept is not known.\n"),
            Some((_, 0)) => {}
            Some((_, unlooked)) => {
                let _ = writeln!(
                    text,
                    "Of {unlooked} accepts nobody has looked after, as much is taken to be kept as of the others."
                );
            }
        }
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
            "not_looked_after": self.of_kept.map(|(_, unlooked)| unlooked),
            "refused": self.is_enough.err().map(|why| why.to_string()),
            "per_1000": self.is_enough.is_ok().then(|| json!({
                "accepted_characters": verdict(&self.of_chars),
                "kept_characters": self.of_kept.as_ref().map(|(kept, _)| verdict(kept)),
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
pub(in crate::cli) mod tests;
