//! Where the month will end: what the days that are over say of those to come.

use serde::{Serialize, Serializer};

use super::layout::{UNKNOWN, dollars, percent};
use super::waterfall::push_section;
use crate::cli::budget::days;
use crate::domain::{Money, Month, Timestamp};
use crate::ledger::{Dimension, LedgerError, LedgerReader, MarginReport, ReportQuery};
use crate::routing::{Forecast, forecast};

/// What calls will have cost at the end of the month, and the margin then.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MonthEnd {
    /// First day of the month.
    month: String,
    #[serde(rename = "calls_usd", serialize_with = "usd")]
    calls: Band,
    /// With what the whole month earns and what is committed in it, as far as it is booked by now;
    /// the expected margin, and those of the dearer and the cheaper end.
    gross_margin: Option<[f64; 3]>,
}

/// Expected, low and high, in pico-USD.
type Band = [f64; 3];

fn usd<S: Serializer>(band: &Band, serializer: S) -> Result<S::Ok, S::Error> {
    band.map(in_usd).serialize(serializer)
}

fn in_usd(pico: f64) -> String {
    Money::format_pico(pico as i128, 6)
}

impl MonthEnd {
    /// Forecasts the month of `now`; `None` before its first day with calls is over.
    pub(super) async fn of(
        reader: &LedgerReader,
        query: &ReportQuery,
        now: Timestamp,
    ) -> Result<Option<Self>, LedgerError> {
        let month = Month::of(now);
        let query = ReportQuery {
            now,
            by: vec![Dimension::Day],
            seat_price: query.seat_price,
            seats: query.seats,
            is_brief: true,
            ..ReportQuery::new(month.begin, month.end)
        };
        Ok(Self::in_report(
            &reader.margin_report(&query).await?,
            month,
            now,
        ))
    }

    /// Forecasts from a report of the whole month by day.
    fn in_report(report: &MarginReport, month: Month, now: Timestamp) -> Option<Self> {
        let spent = report.spent_pico() as f64;
        let lines = report.by.first().map_or(&[][..], |(_, lines)| lines);
        let (over, ahead) = days::split(month, lines, now);
        let Forecast {
            expected,
            low,
            high,
        } = forecast(spent, &over, ahead)?;
        let committed = report.margin.committed_cost().get() as f64 * 1e6;
        let earned = report.margin.earned.as_ref();
        let revenue = earned.map(|earned| earned.net().get() as f64 * 1e6);
        let revenue = revenue.filter(|revenue| *revenue > 0.0);
        let left = |calls: f64| revenue.map(|revenue| 1.0 - (committed + calls) / revenue);
        let left = |calls: f64| left(calls).map(|share| (share * 1e6).round() / 1e6);
        let gross_margin = match (left(expected), left(high), left(low)) {
            (Some(expected), Some(low), Some(high)) => Some([expected, low, high]),
            _ => None,
        };
        Some(Self {
            month: month.first_day(),
            calls: [expected, low, high],
            gross_margin,
        })
    }

    /// Returns the section of the report, with an empty line before it.
    pub(super) fn text(&self, width: Option<u16>) -> String {
        let band = |[expected, low, high]: [String; 3]| [expected, format!("{low} to {high}")];
        let [calls, calls_band] = band(self.calls.map(|pico| dollars(Some(in_usd(pico)))));
        let [margin, margin_band] = match self.gross_margin {
            Some(margin) => band(margin.map(|share| percent(Some(share), 2))),
            None => [UNKNOWN.to_owned(), "nothing is earned in it".to_owned()],
        };
        let rows = vec![
            ["calls".to_owned(), calls, calls_band],
            ["gross margin".to_owned(), margin, margin_band],
        ];
        let mut text = String::new();
        let name = format!(
            "The month of {} is expected to end with (19 of 20)",
            self.month
        );
        push_section(&mut text, &name, rows, width);
        text
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::ledger::Figures;

    #[test]
    fn a_month_of_even_days_ends_where_they_lead() {
        let now: Timestamp = datetime!(2026-11-16 0:00 UTC).into();
        let month = Month::of(now);
        let query = ReportQuery {
            now,
            by: vec![Dimension::Day],
            seat_price: Some("30".parse().expect("an amount")),
            seats: Some(1),
            ..ReportQuery::new(month.begin, month.end)
        };
        let mut report = MarginReport::empty(&query).expect("a report");
        let figures = Figures {
            calls: 1,
            known_cost_pico: 100_000_000_000,
            ..Figures::default()
        };
        let line = |day: u8| (format!("2026-11-{day:02}"), figures);
        report.by = vec![(Dimension::Day, (1..=15).map(line).collect())];
        report.totals.known_cost_pico = 15 * figures.known_cost_pico;
        let end = MonthEnd::in_report(&report, month, now).expect("15 days are over");
        // Ten cents a day, for thirty days, of a seat of thirty dollars.
        assert!((end.calls[0] / 1e12 - 3.0).abs() < 1e-9, "{end:?}");
        let [expected, low, high] = end.gross_margin.expect("there is revenue");
        assert!((expected - 0.9).abs() < 1e-9 && low <= expected && expected <= high);
        assert!(end.text(None).contains("$3.00"), "{}", end.text(None));

        let first = Timestamp::from(month.begin.to_utc().date());
        assert!(
            MonthEnd::in_report(
                &MarginReport::empty(&query).expect("a report"),
                month,
                first
            )
            .is_none()
        );
    }
}
