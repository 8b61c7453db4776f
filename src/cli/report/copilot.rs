//! A report under the names of GitHub's Copilot usage metrics: one line of JSON per day.
//!
//! The counts are ours, the names are theirs, so that a dashboard made for those shows these. What
//! the ledger does not know, such as lines of code, is `null`; `docs/report.md` lists it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use time::macros::format_description;
use time::{Date, Duration};

use crate::domain::Timestamp;
use crate::ledger::{Dimension, Figures};

/// What the figures have to be split by, in this order.
pub(super) const BY: [Dimension; 5] = [
    Dimension::Day,
    Dimension::Client,
    Dimension::Language,
    Dimension::Model,
    Dimension::User,
];

/// How many days active users of a month are counted over, the last included.
pub(super) const MONTH: i64 = 28;
const WEEK: i64 = 7;

/// All that we do has one name there.
const FEATURE: &str = "code_completion";

/// Figures by the values of [`BY`].
pub(super) type Lines = [(Vec<String>, Figures)];

/// One day.
#[derive(Default)]
struct OneDay {
    totals: Figures,
    by_client: BTreeMap<String, Figures>,
    by_language: BTreeMap<String, Figures>,
    by_model: BTreeMap<String, Figures>,
    by_language_and_model: BTreeMap<(String, String), Figures>,
    users: BTreeSet<String>,
    /// Somebody asked whose hash the ledger does not have.
    has_unknown_users: bool,
}

/// Returns a line for every day from `since` on in which anything happened; the lines of the days
/// before tell who was active.
pub(super) fn text(lines: &Lines, since: Timestamp, is_simulated: bool) -> anyhow::Result<String> {
    let days = days(lines)?;
    let first = since.to_utc().date();
    let mut text = String::new();
    for (date, day) in days.range(first..) {
        let mut line = line(*date, day);
        let active = |length: i64| active_users(&days, *date, length);
        line.insert("daily_active_users".to_owned(), active(1));
        line.insert("weekly_active_users".to_owned(), active(WEEK));
        line.insert("monthly_active_users".to_owned(), active(MONTH));
        if is_simulated {
            line.insert("simulated".to_owned(), true.into());
        }
        text.push_str(&serde_json::to_string(&line)?);
        text.push('\n');
    }
    Ok(text)
}

fn days(lines: &Lines) -> anyhow::Result<BTreeMap<Date, OneDay>> {
    let mut days: BTreeMap<Date, OneDay> = BTreeMap::new();
    for (keys, figures) in lines {
        let [day, client, language, model, user] = keys.as_slice() else {
            continue;
        };
        let date = Date::parse(day, format_description!("[year]-[month]-[day]"))?;
        let day = days.entry(date).or_default();
        day.totals.add(figures);
        day.by_client
            .entry(client.clone())
            .or_default()
            .add(figures);
        day.by_language
            .entry(language.clone())
            .or_default()
            .add(figures);
        day.by_model.entry(model.clone()).or_default().add(figures);
        let both = (language.clone(), model.clone());
        day.by_language_and_model
            .entry(both)
            .or_default()
            .add(figures);
        if figures.requests > 0 && user == "unknown" {
            day.has_unknown_users = true;
        } else if figures.requests > 0 {
            day.users.insert(user.clone());
        }
    }
    Ok(days)
}

/// Counts who asked for anything in the days up to `last`; `null` where some of them have no name.
fn active_users(days: &BTreeMap<Date, OneDay>, last: Date, length: i64) -> Value {
    let first = last.saturating_sub(Duration::days(length - 1));
    let mut users = BTreeSet::new();
    for (_, day) in days.range(first..=last) {
        if day.has_unknown_users {
            return Value::Null;
        }
        users.extend(&day.users);
    }
    users.len().into()
}

fn line(date: Date, day: &OneDay) -> Map<String, Value> {
    let feature = |line: &mut Map<String, Value>| {
        line.insert("feature".to_owned(), FEATURE.into());
    };
    let mut line = counts(&day.totals);
    line.insert("day".to_owned(), date.to_string().into());
    line.insert("enterprise_id".to_owned(), Value::Null);
    // There is no chat and no agent here: that is known, and 0.
    line.insert("monthly_active_chat_users".to_owned(), 0.into());
    line.insert("monthly_active_agent_users".to_owned(), 0.into());
    let mut of_feature = with_interactions(counts(&day.totals));
    feature(&mut of_feature);
    let mut by = |name: &str, lines: Vec<Map<String, Value>>| {
        line.insert(name.to_owned(), json!(lines));
    };
    by("totals_by_feature", vec![of_feature]);
    by(
        "totals_by_ide",
        offered(&day.by_client)
            .map(|(client, figures)| {
                let mut line = with_interactions(counts(figures));
                line.insert("ide".to_owned(), client.as_str().into());
                line
            })
            .collect(),
    );
    by(
        "totals_by_language_feature",
        offered(&day.by_language)
            .map(|(language, figures)| {
                let mut line = counts(figures);
                line.insert("language".to_owned(), language.as_str().into());
                feature(&mut line);
                line
            })
            .collect(),
    );
    by(
        "totals_by_model_feature",
        offered(&day.by_model)
            .map(|(model, figures)| {
                let mut line = with_interactions(counts(figures));
                line.insert("model".to_owned(), model.as_str().into());
                feature(&mut line);
                line
            })
            .collect(),
    );
    by(
        "totals_by_language_model",
        offered(&day.by_language_and_model)
            .map(|((language, model), figures)| {
                let mut line = counts(figures);
                line.insert("language".to_owned(), language.as_str().into());
                line.insert("model".to_owned(), model.as_str().into());
                line
            })
            .collect(),
    );
    with_interactions(line)
}

/// Leaves out lines of which nothing was offered, such as those of requests that were suppressed.
fn offered<K>(lines: &BTreeMap<K, Figures>) -> impl Iterator<Item = (&K, &Figures)> {
    let is_there = |figures: &Figures| figures.offered > 0 || figures.accepted > 0;
    lines.iter().filter(move |(_, figures)| is_there(figures))
}

/// Returns the counts that every line has. The ledger counts characters and no lines of code.
fn counts(figures: &Figures) -> Map<String, Value> {
    let known = [
        ("code_generation_activity_count", figures.offered),
        ("code_acceptance_activity_count", figures.accepted),
    ];
    let unknown = [
        "loc_suggested_to_add_sum",
        "loc_suggested_to_delete_sum",
        "loc_added_sum",
        "loc_deleted_sum",
    ];
    let known = known.map(|(name, count)| (name.to_owned(), count.into()));
    let unknown = unknown.map(|name| (name.to_owned(), Value::Null));
    known.into_iter().chain(unknown).collect()
}

/// Interactions there are prompts that somebody wrote, and a completion has none.
fn with_interactions(mut line: Map<String, Value>) -> Map<String, Value> {
    line.insert("user_initiated_interaction_count".to_owned(), 0.into());
    line
}
