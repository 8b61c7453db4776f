//! The margin report: what it is asked, what it says, and its JSON form, which is a contract.
//!
//! The rules. Every row counts in the period that its own time falls into. Requests, offers and
//! what became of them count for `lsp` and `try` sessions only; calls and their cost count for
//! `mantle complete` as well, since money spent is money spent. An outcome is credited to the
//! model and tier of the decision that made the suggestion; a cache hit to those of the decision
//! that paid for it; a call to the model that was called. A line named `none` is for requests
//! where no model was to answer, `unknown` for rows whose decision is not in this ledger. Revenue
//! belongs to the whole, so only the totals have it.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{SerializeMap, SerializeStruct};
use serde::{Deserialize, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;

use super::error::LedgerError;
use super::figures::Figures;
use super::increment::Increment;
use super::jaggedness::Jaggedness;
use super::margin::{Books, Margin, PriceLists};
use super::margin_json;
use super::revenue;
use super::traffic::ShadowCost;
use crate::domain::{MicroUsd, Money, Timestamp};

/// The version of the JSON form; another number means that a field changed its meaning.
const JSON_VERSION: u32 = 1;

/// What a report can be split by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Dimension {
    /// The model, by its name in the configuration.
    Model,
    /// Who stands behind the model.
    Tier,
    /// Language of the document.
    Language,
    /// Day in UTC.
    Day,
    /// The host that was called.
    Host,
    /// Who made the model that was called.
    Lab,
    /// The editor.
    Client,
    /// Which team or customer, by its keyed hash.
    Tenant,
    /// Which person, by a keyed hash.
    User,
    /// Which workspace, by a keyed hash.
    Workspace,
    /// What kind of place the cursor stood at.
    Site,
    /// Which face asked.
    Origin,
}

impl Dimension {
    /// Every dimension, in the order in which they are offered.
    pub const ALL: &'static [Self] = &[
        Self::Model,
        Self::Tier,
        Self::Language,
        Self::Day,
        Self::Host,
        Self::Lab,
        Self::Client,
        Self::Tenant,
        Self::User,
        Self::Workspace,
        Self::Site,
        Self::Origin,
    ];

    /// What a report shows when nothing else is asked for.
    pub const DEFAULT: &'static [Self] = &[Self::Model, Self::Tier, Self::Language, Self::Day];

    /// Returns the name in options and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Tier => "tier",
            Self::Language => "language",
            Self::Day => "day",
            Self::Host => "host",
            Self::Lab => "lab",
            Self::Client => "client",
            Self::Tenant => "tenant",
            Self::User => "user",
            Self::Workspace => "workspace",
            Self::Site => "site",
            Self::Origin => "origin",
        }
    }

    /// Returns the dimension of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == name)
    }
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a report is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReportQuery {
    /// First moment of the period.
    pub since: Timestamp,
    /// First moment after the period.
    pub until: Timestamp,
    /// When the report is made: decides which accepted suggestions are still within their ten
    /// minutes.
    pub now: Timestamp,
    /// What to split by; one named twice is shown once.
    pub by: Vec<Dimension>,
    /// What a seat earns per month; without it there is no revenue and no margin.
    pub seat_price: Option<Money>,
    /// How many seats; one when nothing is said.
    pub seats: Option<u32>,
    /// What every booked seat is taken to earn per month, in dollars, whatever was booked: for a
    /// question of what would be.
    pub booked_seats_at: Option<Money>,
    /// Whether only the margin and the lines are wanted: tiers beside the free arm, jaggedness and
    /// what is left of each seat are not read then.
    pub is_brief: bool,
}

impl ReportQuery {
    /// Asks for `[since, until)`, made at `until`, by the usual dimensions and without revenue.
    #[must_use]
    pub fn new(since: Timestamp, until: Timestamp) -> Self {
        Self {
            since,
            until,
            now: until,
            by: Dimension::DEFAULT.to_vec(),
            seat_price: None,
            seats: None,
            booked_seats_at: None,
            is_brief: false,
        }
    }

    /// Returns what to split by, each dimension once, in the order asked for.
    pub(super) fn dimensions(&self) -> Vec<Dimension> {
        let mut dimensions = Vec::new();
        for &dimension in &self.by {
            if !dimensions.contains(&dimension) {
                dimensions.push(dimension);
            }
        }
        dimensions
    }

    pub(super) fn revenue_pico(&self) -> Result<Option<i128>, LedgerError> {
        self.seat_price
            .map(|price| revenue::of_seats(self.seats.unwrap_or(1), price, self.since, self.until))
            .transpose()
    }
}

/// What a period cost and what it brought.
///
/// Its JSON form is a contract, version 1: `{"version", "period": {"since", "until"}, "totals",
/// "margin", "shadow", "incremental", "jaggedness", "by": {dimension: [line]}}`; the terms of `margin`,
/// `incremental` and `jaggedness` are defined in `docs/report.md`. The totals and each line have the same fields, and a line has its
/// name as `key`:
///
/// - counts, as integers: `requests`, of them `cache_hits` and `suppressed`; `calls`, of them
///   `unpriced_calls`; `offered`, `shown`, `accepted`, of them `accepted_inferred` (no client said
///   so, one edit put the suggestion there), `partly_accepted`, `dismissed`, `retained` (of the
///   accepted, still there after ten minutes), `retention_checked` (of the accepted, looked for
///   after ten minutes), `retained_pending` (of the accepted, the ten minutes are not over);
/// - shares, as fractions with six places: `acceptance_rate` (accepted ÷ offered), `gross_margin`;
/// - dollars, as strings with six places: `cost_usd`, `revenue_usd`, and `correction_usd`, which is what
///   applied invoices add to the cost and is not in it;
/// - dollars, as strings with nine places: `cost_per_request_usd`, `cost_per_offered_usd`,
///   `cost_per_accepted_usd`, `cost_per_retained_usd`.
///
/// What is not known, or has nothing to be divided by, is `null`. A cost beside which
/// `unpriced_calls` is above 0 is what is known of it, so the margin is at most what it says.
/// Costs of the totals are those of calls; the gross margin is of everything that is booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MarginReport {
    /// First moment of the period.
    pub since: Timestamp,
    /// First moment after the period.
    pub until: Timestamp,
    /// The figures of the whole period.
    pub totals: Figures,
    /// What was earned, what it cost, and what is left.
    pub margin: Margin,
    /// What was called beside the answers, to learn from: part of the cost of calls.
    pub shadow: ShadowCost,
    /// What tiers cost for what they keep beyond the free arm.
    pub increments: Vec<Increment>,
    /// How unevenly suggestions are accepted, by model, and for all of Mantle last.
    pub jaggedness: Vec<Jaggedness>,
    /// The lines of each dimension: by cost, the dearest first, unknown costs last, then by name;
    /// days by day.
    pub by: Vec<(Dimension, Vec<(String, Figures)>)>,
}

impl MarginReport {
    /// Makes the report of a ledger that holds nothing.
    ///
    /// # Errors
    ///
    /// [`LedgerError::RevenueTooLarge`].
    pub fn empty(query: &ReportQuery) -> Result<Self, LedgerError> {
        let totals = Figures::default();
        let margin = Margin::of(&Books {
            since: query.since,
            until: query.until,
            totals: &totals,
            calls: &[],
            bookings: &[],
            retained_chars: None,
            seats_pico: query.revenue_pico()?,
            prices: &PriceLists::UNKNOWN,
            users: &BTreeMap::new(),
            remarks: Vec::new(),
        })?;
        Ok(Self {
            since: query.since,
            until: query.until,
            totals,
            margin,
            shadow: ShadowCost::default(),
            increments: Vec::new(),
            jaggedness: Vec::new(),
            by: query
                .dimensions()
                .into_iter()
                .map(|dimension| (dimension, Vec::new()))
                .collect(),
        })
    }

    /// Returns whether nothing at all was recorded in the period, and nothing booked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.totals == Figures::default() && !self.margin.is_booked()
    }

    /// Returns the revenue in dollars with six places.
    #[must_use]
    pub fn revenue_usd(&self) -> Option<String> {
        let earned = self.margin.earned.as_ref()?;
        Some(earned.net().to_string())
    }

    /// Returns what calls have cost in pico-USD, as what may still be spent is reckoned: by the
    /// invoices that are applied, where these say more than the ledger.
    #[must_use]
    pub fn spent_pico(&self) -> i128 {
        let more = self.margin.correction_cost().get().max(0);
        self.totals.known_cost_pico + more.saturating_mul(1_000_000)
    }

    /// Returns (revenue − cost) ÷ revenue, with all that is booked; `None` without revenue, and
    /// while the cost of no call is known.
    #[must_use]
    pub fn gross_margin(&self) -> Option<f64> {
        self.margin.margin_ppm().map(|ppm| ppm as f64 / 1e6)
    }
}

impl Serialize for MarginReport {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("MarginReport", 8)?;
        report.serialize_field("version", &JSON_VERSION)?;
        report.serialize_field("period", &Period(self.since, self.until))?;
        let retention_is_known = self.totals.known_retained().is_some();
        let totals = Line {
            key: None,
            figures: &self.totals,
            revenue: Some((self.revenue_usd(), self.gross_margin())),
            retention_is_known,
            correction: Some(self.margin.correction_cost()),
        };
        report.serialize_field("totals", &totals)?;
        report.serialize_field("margin", &margin_json::of(&self.margin))?;
        report.serialize_field("shadow", &margin_json::shadow(self.shadow))?;
        let beyond = margin_json::increments(&self.increments);
        report.serialize_field("incremental", &beyond)?;
        let jaggedness = margin_json::jaggedness(&self.jaggedness);
        report.serialize_field("jaggedness", &jaggedness)?;
        report.serialize_field(
            "by",
            &By {
                report: self,
                retention_is_known,
            },
        )?;
        report.end()
    }
}

struct Period(Timestamp, Timestamp);

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = |at: Timestamp| {
            let text = at.to_utc().format(&Rfc3339);
            text.map_err(serde::ser::Error::custom)
        };
        let mut period = serializer.serialize_struct("Period", 2)?;
        period.serialize_field("since", &written(self.0)?)?;
        period.serialize_field("until", &written(self.1)?)?;
        period.end()
    }
}

struct By<'a> {
    report: &'a MarginReport,
    retention_is_known: bool,
}

impl Serialize for By<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut by = serializer.serialize_map(Some(self.report.by.len()))?;
        for (dimension, lines) in &self.report.by {
            let corrections = self.report.corrections_by(*dimension, lines);
            let of_line = |line| corrections.as_ref().map(|extra| extra[line]);
            let lines: Vec<_> = lines
                .iter()
                .enumerate()
                .map(|(line, (key, figures))| Line {
                    key: Some(key),
                    figures,
                    revenue: None,
                    retention_is_known: self.retention_is_known,
                    correction: of_line(line),
                })
                .collect();
            by.serialize_entry(dimension.as_str(), &lines)?;
        }
        by.end()
    }
}

struct Line<'a> {
    key: Option<&'a str>,
    figures: &'a Figures,
    /// Revenue and margin, which only the totals have.
    revenue: Option<(Option<String>, Option<f64>)>,
    /// Something has looked after accepted suggestions, so that a 0 is one.
    retention_is_known: bool,
    /// What applied invoices add to the cost, where that can be told.
    correction: Option<MicroUsd>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let figures = self.figures;
        let (revenue, gross_margin) = self.revenue.clone().unwrap_or_default();
        let per = |count| figures.cost_per_usd(count);
        let mut line = serializer.serialize_map(None)?;
        if let Some(key) = self.key {
            line.serialize_entry("key", key)?;
        }
        line.serialize_entry("requests", &figures.requests)?;
        line.serialize_entry("cache_hits", &figures.cache_hits)?;
        line.serialize_entry("suppressed", &figures.suppressed)?;
        line.serialize_entry("calls", &figures.calls)?;
        line.serialize_entry("unpriced_calls", &figures.unpriced_calls)?;
        line.serialize_entry("offered", &figures.offered)?;
        line.serialize_entry("shown", &figures.shown)?;
        line.serialize_entry("accepted", &figures.accepted)?;
        line.serialize_entry("accepted_inferred", &figures.accepted_inferred)?;
        line.serialize_entry("partly_accepted", &figures.partly_accepted)?;
        line.serialize_entry("dismissed", &figures.dismissed)?;
        let retained = self.retention_is_known.then_some(figures.retained);
        line.serialize_entry("retained", &retained)?;
        line.serialize_entry("retention_checked", &figures.retention_checked)?;
        line.serialize_entry("retained_pending", &figures.retained_pending)?;
        line.serialize_entry("acceptance_rate", &figures.acceptance_rate())?;
        line.serialize_entry("cost_usd", &figures.cost_usd())?;
        line.serialize_entry("cost_per_request_usd", &per(figures.requests))?;
        line.serialize_entry("cost_per_offered_usd", &per(figures.offered))?;
        line.serialize_entry("cost_per_accepted_usd", &per(figures.accepted))?;
        line.serialize_entry("cost_per_retained_usd", &per(figures.retained))?;
        line.serialize_entry("revenue_usd", &revenue)?;
        line.serialize_entry("gross_margin", &gross_margin)?;
        let correction = self.correction.map(|extra| extra.to_string());
        line.serialize_entry("correction_usd", &correction)?;
        line.end()
    }
}
