//! The forms of a report that other programs read: they have lines of their own, and so neither
//! dimensions to choose nor another period beside them.

use std::path::Path;
use std::time::Duration;

use clap::error::ErrorKind;
use time::OffsetDateTime;

use super::{Format, ReportArgs, copilot, focus, open_metrics};
use crate::domain::{Booking, Month, Timestamp};
use crate::ledger::margin::PriceLists;
use crate::ledger::{Counters, Figures, LedgerError, LedgerReader, MarginReport, ReportQuery};

const A_DAY: Duration = Duration::from_secs(86_400);

/// Returns the text of an export; without a ledger, that of one in which nothing happened.
///
/// # Errors
///
/// A [`clap::Error`] when something is asked for that the form has no place for; otherwise what the
/// ledger said.
pub(super) async fn text(
    args: &ReportArgs,
    ledger: &Path,
    query: &ReportQuery,
    prices: &PriceLists<'_>,
) -> anyhow::Result<String> {
    check(args)?;
    let reader = match LedgerReader::open_read_only(ledger).await {
        Ok(reader) => Some(reader),
        Err(LedgerError::Missing { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if args.format == Format::OpenMetrics {
        return exposition(reader.as_ref(), query, prices, args.demo).await;
    }
    if args.format == Format::Copilot {
        return days(reader.as_ref(), query, args.demo).await;
    }
    let mut charges = match &reader {
        Some(reader) => charges(reader, query, prices).await?,
        None => focus::Charges::default(),
    };
    charges.account.clone_from(&args.billing_account);
    let unpriced = charges.unpriced_calls();
    if unpriced > 0 {
        eprintln!(
            "mantle: {unpriced} call(s) have no rows, because nobody knows what they cost and FOCUS wants a cost"
        );
    }
    focus::text(&charges, prices, args.demo)
}

/// Days are whole, as they are of a bill. The days before tell who was active within a month.
async fn days(
    reader: Option<&LedgerReader>,
    query: &ReportQuery,
    is_simulated: bool,
) -> anyhow::Result<String> {
    let (since, until) = whole_days(query);
    let earlier = (1..copilot::MONTH).fold(since, |day, _| day.minus(A_DAY));
    let query = ReportQuery {
        since: earlier,
        until,
        by: copilot::BY.to_vec(),
        ..query.clone()
    };
    let lines = match reader {
        None => Vec::new(),
        Some(reader) => reader.figures_by(&query).await?,
    };
    copilot::text(&lines, since, is_simulated)
}

/// Counters count from the beginning of the ledger, for one that a period moves under would fall;
/// only the margin is of the period.
async fn exposition(
    reader: Option<&LedgerReader>,
    query: &ReportQuery,
    prices: &PriceLists<'_>,
    is_simulated: bool,
) -> anyhow::Result<String> {
    let query = ReportQuery {
        by: Vec::new(),
        ..query.clone()
    };
    let ever = ReportQuery {
        since: Timestamp::from_unix_micros(0),
        ..query.clone()
    };
    let (counters, figures, period) = match reader {
        None => (
            Counters::default(),
            Vec::new(),
            MarginReport::empty(&query)?,
        ),
        Some(reader) => (
            reader.counters(query.until).await?,
            reader.figures_by(&ever).await?,
            reader.margin_report_at(&query, prices).await?,
        ),
    };
    let since_ever = figures
        .first()
        .map_or_else(Figures::default, |(_, all)| *all);
    let exposed = open_metrics::Exposed {
        counters: &counters,
        since_ever: &since_ever,
        period: &period,
    };
    Ok(open_metrics::text(&exposed, is_simulated))
}

/// Refuses what has no place in the lines of an export, instead of leaving it out silently.
fn check(args: &ReportArgs) -> Result<(), clap::Error> {
    let named = [
        ("--by", !args.by.is_empty()),
        ("--top", args.top.is_some()),
        ("--compare", args.compare.is_some()),
        ("--frontier", args.frontier),
    ];
    match named.into_iter().find(|(_, is_there)| *is_there) {
        None => Ok(()),
        Some((option, _)) => Err(clap::Error::raw(
            ErrorKind::ArgumentConflict,
            format!(
                "--format {} has lines of its own, so {option} means nothing to it; leave it out, \
                 or take --format table, json, csv or html\n",
                args.format.name(),
            ),
        )),
    }
}

impl Format {
    /// Returns whether other programs are to read it, which know its lines from elsewhere.
    pub(super) const fn is_export(self) -> bool {
        matches!(self, Self::Focus | Self::OpenMetrics | Self::Copilot)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Html => "html",
            Self::Focus => "focus",
            Self::OpenMetrics => "openmetrics",
            Self::Copilot => "copilot",
        }
    }
}

/// Reads what the rows of FOCUS are made of, for whole days: a bill has no half ones.
async fn charges(
    reader: &LedgerReader,
    query: &ReportQuery,
    prices: &PriceLists<'_>,
) -> Result<focus::Charges, LedgerError> {
    let (since, until) = whole_days(query);
    let mut months = Vec::new();
    let mut begin = since;
    while begin < until {
        let end = Month::of(begin).end.min(until);
        let part = ReportQuery {
            since: begin,
            until: end,
            by: Vec::new(),
            ..query.clone()
        };
        let report = reader.margin_report_at(&part, prices).await?;
        months.push(((begin, end), report.margin));
        begin = end;
    }
    let mut elsewhere = reader.bookings().await?;
    elsewhere.retain(|row| {
        let is_within = row.since >= since && row.until.is_some_and(|end| end <= until);
        is_within && matches!(row.booking, Booking::Usage(_))
    });
    Ok(focus::Charges {
        calls: reader.billed((since, until)).await?,
        months,
        elsewhere,
        account: None,
    })
}

/// Returns the period with the days that it begins and ends in, all of them.
fn whole_days(query: &ReportQuery) -> (Timestamp, Timestamp) {
    let day = |at: Timestamp| Timestamp::from(OffsetDateTime::date(at.to_utc()));
    let last = day(query.until);
    let until = if last == query.until {
        last
    } else {
        last.plus(A_DAY)
    };
    (day(query.since), until)
}

#[cfg(test)]
mod tests;
