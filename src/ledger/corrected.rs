//! What applied invoices change, by the lines of a report: always beside what was recorded, never in it.
//!
//! A correction is known by model, host, tier, lab and day, and is whole micro-dollars on each day; so the
//! lines of each of these dimensions add up to the line of the waterfall, to the last one.

use std::collections::BTreeMap;

use super::margin::{CorrectedDay, CorrectionLine};
use super::report::{Dimension, MarginReport};
use super::top::OTHERS;
use crate::domain::MicroUsd;

impl MarginReport {
    /// Returns what applied invoices add to the cost of each line of a dimension, in the order of the
    /// lines; below zero where they take off. `None` where a correction cannot be told apart by this
    /// dimension.
    #[must_use]
    pub fn corrections_by<L>(
        &self,
        dimension: Dimension,
        lines: &[(String, L)],
    ) -> Option<Vec<MicroUsd>> {
        let mut by_key: BTreeMap<String, MicroUsd> = BTreeMap::new();
        for line in &self.margin.corrections {
            for day in &line.days {
                let so_far = by_key.entry(key(dimension, line, day)?).or_default();
                *so_far = *so_far + day.extra;
            }
        }
        let shown: Vec<MicroUsd> = lines
            .iter()
            .map(|(key, _)| by_key.remove(key).unwrap_or_default())
            .collect();
        let rest: MicroUsd = by_key.into_values().sum();
        let of_line = |((key, _), extra): (&(String, L), MicroUsd)| match key == OTHERS {
            true => extra + rest,
            false => extra,
        };
        Some(lines.iter().zip(shown).map(of_line).collect())
    }
}

/// Returns the name of the line that a correction belongs to.
fn key(dimension: Dimension, line: &CorrectionLine, day: &CorrectedDay) -> Option<String> {
    match dimension {
        Dimension::Model => Some(line.model.clone()),
        Dimension::Host => Some(line.supplier.clone()),
        Dimension::Tier => Some(day.tier.as_str().to_owned()),
        Dimension::Lab => Some(day.lab.clone().unwrap_or_else(|| "unknown".to_owned())),
        Dimension::Day => Some(day.day.to_utc().date().to_string()),
        Dimension::Language
        | Dimension::Client
        | Dimension::Tenant
        | Dimension::User
        | Dimension::Workspace
        | Dimension::Site
        | Dimension::Origin => None,
    }
}
