//! How many decision points are still to come in a period.
//!
//! A profile of the week by hours, learnt as counts and held near a usual working week until five
//! days of one's own are there (gamma and Poisson). What may be spent per decision point is what is
//! left, divided by this.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;

const HOURS: usize = 168;
const HOUR_MICROS: i64 = 3_600_000_000;
/// 1970-01-01 was a Thursday; hours of the week begin with Monday's first.
const FIRST_HOUR: i64 = 3 * 24;
/// How many weeks of one's own the usual week is worth: five working days.
const WORTH: f64 = 1.0;
/// Decision points of a person in an hour of work; the profile learns what it really is.
const AT_WORK: f64 = 60.0;
const AT_REST: f64 = 1.0;

/// The week of one tenant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Demand {
    /// Decision points by hour of the week.
    counts: Vec<f64>,
    /// How often each hour was seen.
    seen: Vec<f64>,
}

impl Default for Demand {
    fn default() -> Self {
        Self {
            counts: vec![0.0; HOURS],
            seen: vec![0.0; HOURS],
        }
    }
}

fn hour_of_week(hour: i64) -> usize {
    (hour + FIRST_HOUR).rem_euclid(HOURS as i64) as usize
}

fn usual(hour_of_week: usize) -> f64 {
    let (day, hour) = (hour_of_week / 24, hour_of_week % 24);
    if day < 5 && (8..18).contains(&hour) {
        AT_WORK
    } else {
        AT_REST
    }
}

impl Demand {
    /// Learns that `points` decision points fell into the hour of `at`; idle hours are told, too.
    pub fn observe_hour(&mut self, at: Timestamp, points: u32) {
        let hour = hour_of_week(at.unix_micros().div_euclid(HOUR_MICROS));
        self.counts[hour] += f64::from(points);
        self.seen[hour] += 1.0;
    }

    /// Returns how much more or less than the usual week this tenant's was, over all hours seen: an
    /// hour of Friday is known a little from Monday's.
    fn level(&self) -> f64 {
        let (mut counted, mut expected) = (0.0, 0.0);
        for hour in 0..HOURS {
            counted += self.counts[hour];
            expected += self.seen[hour] * usual(hour);
        }
        // Worth five hours of work of evidence that the usual week is right.
        (counted + 5.0 * AT_WORK) / (expected + 5.0 * AT_WORK)
    }

    fn rate(&self, hour: usize, level: f64) -> f64 {
        (self.counts[hour] + WORTH * level * usual(hour)) / (self.seen[hour] + WORTH)
    }

    /// Returns how many decision points are expected from one moment to another; at least one, so
    /// that it can be divided by. A period that ends before it begins has one.
    #[must_use]
    pub fn expected(&self, from: Timestamp, until: Timestamp) -> f64 {
        let (from, until) = (from.unix_micros(), until.unix_micros());
        let level = self.level();
        let week: Vec<f64> = (0..HOURS).map(|hour| self.rate(hour, level)).collect();
        let mut sum = 0.0;
        let mut at = from;
        while at < until {
            let hour = at.div_euclid(HOUR_MICROS);
            let end = (hour + 1).saturating_mul(HOUR_MICROS).min(until);
            let part = (end - at) as f64 / HOUR_MICROS as f64;
            sum += part * week[hour_of_week(hour)];
            at = end;
        }
        sum.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn at(moment: time::OffsetDateTime) -> Timestamp {
        moment.into()
    }

    /// A Monday.
    const MONDAY: time::OffsetDateTime = datetime!(2026-11-02 0:00 UTC);

    #[test]
    fn a_usual_week_is_five_days_of_ten_hours() {
        let week = Demand::default().expected(at(MONDAY), at(MONDAY + time::Duration::days(7)));
        assert_eq!(week, 50.0 * AT_WORK + 118.0 * AT_REST);
        let weekend = MONDAY + time::Duration::days(5);
        let two_days =
            Demand::default().expected(at(weekend), at(weekend + time::Duration::days(2)));
        assert_eq!(two_days, 48.0 * AT_REST);
    }

    #[test]
    fn after_some_weeks_it_is_ones_own() {
        let mut demand = Demand::default();
        // Nights only, three decision points an hour.
        for hour in 0..24 * 7 * 8_i64 {
            let moment = MONDAY + time::Duration::hours(hour);
            let points = if moment.hour() < 4 { 3 } else { 0 };
            demand.observe_hour(at(moment), points);
        }
        let start = MONDAY + time::Duration::weeks(8);
        let week = demand.expected(at(start), at(start + time::Duration::days(7)));
        assert!((week - 84.0).abs() < 20.0, "{week}");
    }

    #[test]
    fn a_period_that_is_over_or_turned_around_has_one_left() {
        let demand = Demand::default();
        assert_eq!(demand.expected(at(MONDAY), at(MONDAY)), 1.0);
        let earlier = MONDAY - time::Duration::days(3);
        assert_eq!(demand.expected(at(MONDAY), at(earlier)), 1.0);
    }

    #[test]
    fn parts_of_hours_count_in_part() {
        let nine = MONDAY + time::Duration::hours(9);
        let half = Demand::default().expected(at(nine), at(nine + time::Duration::minutes(30)));
        assert_eq!(half, AT_WORK / 2.0);
    }
}
