//! The days of a month: what those that are over have cost, and how many are still to come.

use time::Weekday;

use crate::domain::{Month, Timestamp};
use crate::ledger::Figures;
use crate::routing::{Ahead, Day};

const DAY_MICROS: f64 = 86_400_000_000.0;

/// Splits a month at `now`: the days that are over, from the first with a request on, and
/// how much is still to come. A day without a line cost nothing.
pub fn split(month: Month, lines: &[(String, Figures)], now: Timestamp) -> (Vec<Day>, Ahead) {
    let (mut over, mut ahead) = (Vec::new(), Ahead::default());
    let mut day = month.begin.to_utc().date();
    let end = month.end.to_utc().date();
    while day < end {
        let is_weekend = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday);
        let begin = Timestamp::from(day);
        let next = day.next_day().unwrap_or(end);
        if Timestamp::from(next) <= now {
            let name = day.to_string();
            let line = lines.iter().find(|(known, _)| *known == name);
            if line.is_some() || !over.is_empty() {
                let spent = line.map_or(0.0, |(_, figures)| figures.known_cost_pico as f64);
                over.push(Day { is_weekend, spent });
            }
        } else {
            let gone = now.since(begin).as_micros() as f64 / DAY_MICROS;
            let left = 1.0 - gone;
            if is_weekend {
                ahead.weekend_days += left;
            } else {
                ahead.weekdays += left;
            }
        }
        day = next;
    }
    (over, ahead)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn days_before_the_first_request_are_no_evidence_and_idle_ones_after_it_are() {
        let spent = |pico| Figures {
            known_cost_pico: pico,
            ..Figures::default()
        };
        let lines = [
            ("2026-11-05".to_owned(), spent(7)),
            ("2026-11-08".to_owned(), spent(9)),
        ];
        // Noon of Monday the 9th: the 5th to the 8th are over, a Thursday to a Sunday.
        let noon = datetime!(2026-11-09 12:00 UTC).into();
        let (over, ahead) = split(Month::of(noon), &lines, noon);
        let costs: Vec<f64> = over.iter().map(|day| day.spent).collect();
        assert_eq!(costs, [7.0, 0.0, 0.0, 9.0]);
        assert_eq!(over.iter().filter(|day| day.is_weekend).count(), 2);
        // Half of the 9th and 15 more weekdays; the 14th, 15th, 21st, 22nd, 28th and 29th.
        assert_eq!((ahead.weekdays, ahead.weekend_days), (15.5, 6.0));
    }
}
