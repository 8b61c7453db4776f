//! What is added up of a stretch of time, and how it is read from rows.
//!
//! A report shows lines of one dimension each, never of two at once, so that is all that is kept.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::sqlite::SqliteConnection;

use super::asked::{self, AskedSums};
use super::books;
use super::figures::Figures;
use super::increment::Asked;
use super::margin::CallGroup;
use super::report::Dimension;
use super::table::{Table, read_keys};
use crate::domain::{Tier, Timestamp};

/// Sums of a stretch of time.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Sums {
    pub totals: Figures,
    /// The lines of each dimension that was asked for, by their names.
    pub lines: BTreeMap<Dimension, BTreeMap<String, Figures>>,
    /// Calls by model, day and price.
    pub calls: Vec<CallGroup>,
    /// Characters that a look after ten minutes has found; `None` when there was no look.
    pub retained_chars: Option<u64>,
    /// What each tier was asked and brought, the embedded model apart.
    pub asked: BTreeMap<(Tier, bool), AskedSums>,
    /// What became of suggestions, by [`CELLS`].
    pub cells: BTreeMap<Vec<String>, Figures>,
}

/// What the cells of jaggedness are told apart by.
const CELLS: [Dimension; 3] = [Dimension::Model, Dimension::Language, Dimension::Site];

impl Sums {
    /// Begins sums with the lines of these dimensions.
    pub(super) fn by(dimensions: &[Dimension]) -> Self {
        let lines = dimensions.iter().map(|&one| (one, BTreeMap::new()));
        Self {
            lines: lines.collect(),
            ..Self::default()
        }
    }

    /// Adds another stretch, with the dimensions that are wanted here.
    pub(super) fn add(&mut self, other: &Self) {
        self.totals.add(&other.totals);
        for (dimension, lines) in &mut self.lines {
            for (key, figures) in other.lines.get(dimension).into_iter().flatten() {
                add_to(lines, key, figures);
            }
        }
        self.calls.extend(other.calls.iter().cloned());
        self.add_chars(other.retained_chars);
        for (arm, sums) in &other.asked {
            self.asked.entry(*arm).or_default().add(sums);
        }
        for (cell, figures) in &other.cells {
            self.cells.entry(cell.clone()).or_default().add(figures);
        }
    }

    /// Returns the lines by person, where they were asked for.
    pub(super) fn users(&self) -> &BTreeMap<String, Figures> {
        const NOBODY: &BTreeMap<String, Figures> = &BTreeMap::new();
        self.lines.get(&Dimension::User).unwrap_or(NOBODY)
    }

    /// Returns what each tier was asked, the dearest first.
    pub(super) fn asked_by_tier(&self) -> Vec<Asked> {
        let mut arms: Vec<Asked> = self
            .asked
            .iter()
            .map(|(&(tier, is_free), sums)| sums.of(tier, is_free))
            .collect();
        arms.sort_by_key(|arm| (std::cmp::Reverse(arm.tier), arm.is_free));
        arms
    }

    /// Adds figures with a name for each of `dimensions`.
    pub(super) fn add_line(
        &mut self,
        dimensions: &[Dimension],
        keys: Vec<String>,
        figures: &Figures,
    ) {
        self.totals.add(figures);
        self.add_keys(dimensions, keys, figures);
    }

    fn add_keys(&mut self, dimensions: &[Dimension], keys: Vec<String>, figures: &Figures) {
        for (dimension, key) in dimensions.iter().zip(keys) {
            add_to(self.lines.entry(*dimension).or_default(), &key, figures);
        }
    }

    fn add_chars(&mut self, more: Option<u64>) {
        if let Some(more) = more {
            *self.retained_chars.get_or_insert(0) += more;
        }
    }

    /// Adds the rows of `[since, until)`; an accept after `due` is one whose ten minutes are not over. With
    /// `beyond`, also what they say of tiers and cells.
    pub(super) async fn add_rows(
        &mut self,
        connection: &mut SqliteConnection,
        version: i64,
        (since, until): (Timestamp, Timestamp),
        due: Timestamp,
        beyond: bool,
    ) -> Result<(), sqlx::Error> {
        let dimensions: Vec<Dimension> = self.lines.keys().copied().collect();
        let period = (since, until, due);
        let families = families(&dimensions);
        // Cells are told by few values, so a reading that asks for such need not be done again for them.
        let few = |family: &Vec<Dimension>| family.iter().any(|one| family_of(*one) == 0);
        let with_cells = families.iter().position(few).filter(|_| beyond);
        for (number, family) in families.iter().enumerate() {
            for table in Table::ALL {
                let mut asked_for = family.clone();
                let has_cells = with_cells == Some(number) && matches!(table, Table::Outcomes);
                if has_cells {
                    let more = CELLS.iter().filter(|one| !family.contains(one));
                    asked_for.extend(more);
                }
                let what = (&[table][..], &asked_for[..]);
                each_group(connection, version, period, what, |keys, figures| {
                    // Every family reads every row; they count once.
                    if number == 0 {
                        self.totals.add(figures);
                    }
                    if has_cells {
                        self.add_cell(&asked_for, &keys, figures);
                    }
                    self.add_keys(family, keys, figures);
                })
                .await?;
            }
        }
        let calls = books::calls(connection, since, until).await?;
        self.calls.extend(calls);
        let chars = books::retained_chars(connection, version, since, until).await?;
        self.add_chars(chars);
        if beyond {
            asked::add(connection, version, (since, until), &mut self.asked).await?;
        }
        if beyond && with_cells.is_none() {
            let what = (&[Table::Outcomes][..], &CELLS[..]);
            each_group(connection, version, period, what, |keys, figures| {
                self.add_cell(&CELLS, &keys, figures);
            })
            .await?;
        }
        Ok(())
    }

    /// Adds to the cell that is among the names of these dimensions.
    fn add_cell(&mut self, dimensions: &[Dimension], keys: &[String], figures: &Figures) {
        let named = |one: &Dimension| {
            let key = dimensions.iter().zip(keys).find(|(other, _)| *other == one);
            key.map(|(_, key)| key.clone())
        };
        let cell: Vec<String> = CELLS.iter().filter_map(named).collect();
        self.cells.entry(cell).or_default().add(figures);
    }

    /// Puts the calls into the order in which a single query would tell them.
    pub(super) fn sort_calls(&mut self) {
        self.calls.sort_by(|one, other| {
            one.model
                .cmp(&other.model)
                .then_with(|| one.tier.as_str().cmp(other.tier.as_str()))
                .then_with(|| one.supplier.cmp(&other.supplier))
                .then_with(|| one.lab.cmp(&other.lab))
                .then_with(|| one.price_id.cmp(&other.price_id))
                .then_with(|| one.at.cmp(&other.at))
        });
    }

    /// Returns the lines of each dimension in the order of a report.
    pub(super) fn sorted_lines(
        mut self,
        dimensions: &[Dimension],
    ) -> Vec<(Dimension, Vec<(String, Figures)>)> {
        let line_up = |&dimension: &Dimension| {
            let lines = self.lines.remove(&dimension).unwrap_or_default();
            // A group of rows of which none counts makes no line.
            let counts = |(_, figures): &(String, Figures)| *figures != Figures::default();
            let mut lines: Vec<(String, Figures)> = lines.into_iter().filter(counts).collect();
            if dimension != Dimension::Day {
                // The sort is stable, so equal costs stay in the order of their names.
                lines.sort_by_key(|(_, figures)| std::cmp::Reverse(figures.cost_pico()));
            }
            (dimension, lines)
        };
        dimensions.iter().map(line_up).collect()
    }
}

/// Tells `hear` what some tables say of `[since, until)`, by the values of all dimensions at once.
pub(super) async fn each_group(
    connection: &mut SqliteConnection,
    version: i64,
    (since, until, due): (Timestamp, Timestamp, Timestamp),
    (tables, dimensions): (&[Table], &[Dimension]),
    mut hear: impl FnMut(Vec<String>, &Figures),
) -> Result<(), sqlx::Error> {
    for table in tables {
        let sql = table.query(dimensions, version);
        let mut rows = sqlx::query(AssertSqlSafe(sql))
            .bind(since.unix_micros())
            .bind(until.unix_micros())
            .bind(due.unix_micros())
            .fetch(&mut *connection);
        while let Some(row) = rows.try_next().await? {
            let mut figures = Figures::default();
            table.add(&row, &mut figures)?;
            hear(read_keys(&row, dimensions)?, &figures);
        }
    }
    Ok(())
}

fn add_to(lines: &mut BTreeMap<String, Figures>, key: &str, figures: &Figures) {
    match lines.get_mut(key) {
        Some(line) => line.add(figures),
        None => {
            lines.insert(key.to_owned(), *figures);
        }
    }
}

/// Returns dimensions that one query asks for together. All at once would make as many groups as
/// there are rows; these are told apart by few values, by the call, and by the person.
fn families(dimensions: &[Dimension]) -> Vec<Vec<Dimension>> {
    let of = |family| {
        let members = dimensions.iter().filter(|one| family_of(**one) == family);
        members.copied().collect::<Vec<_>>()
    };
    let families: Vec<_> = (0..3).map(of).filter(|family| !family.is_empty()).collect();
    if families.is_empty() {
        return vec![Vec::new()];
    }
    families
}

/// Returns the family of a dimension; the first are those that are told apart by few values.
const fn family_of(dimension: Dimension) -> usize {
    match dimension {
        Dimension::Host | Dimension::Lab => 1,
        Dimension::Tenant | Dimension::User | Dimension::Workspace => 2,
        Dimension::Model
        | Dimension::Tier
        | Dimension::Language
        | Dimension::Day
        | Dimension::Client
        | Dimension::Site
        | Dimension::Origin => 0,
    }
}
