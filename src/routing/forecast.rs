//! Where a month will end, from what its days have cost so far.

/// What a day without any history is expected to differ by, as a share of its cost.
const UNKNOWN_SPREAD: f64 = 0.5;
/// Of a normal distribution, nineteen of twenty lie within so many deviations.
const NINETEEN_OF_TWENTY: f64 = 1.96;

/// One day that is over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Day {
    /// Whether it was a Saturday or a Sunday.
    pub is_weekend: bool,
    /// What was spent on it.
    pub spent: f64,
}

/// The days that are still to come; the rest of today counts as a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub struct Ahead {
    /// Mondays to Fridays.
    pub weekdays: f64,
    /// Saturdays and Sundays.
    pub weekend_days: f64,
}

/// Where the month will end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Most likely.
    pub expected: f64,
    /// One in forty months would end below.
    pub low: f64,
    /// One in forty months would end above.
    pub high: f64,
}

/// Returns where a month will end in which `spent` was spent until now, `days` of it being over.
/// `None` before the first day is over: nothing can be said then.
#[must_use]
pub fn forecast(spent: f64, days: &[Day], ahead: Ahead) -> Option<Forecast> {
    let (weekdays, weekend): (Vec<&Day>, Vec<&Day>) = days.iter().partition(|day| !day.is_weekend);
    if days.is_empty() {
        return None;
    }
    let all = summary(days.iter())?;
    // A kind of day that was not seen yet is expected to be like the others, and less surely so.
    let unseen = |(mean, spread): (f64, f64)| (mean, spread.max(mean));
    let weekday = summary(weekdays.into_iter()).unwrap_or_else(|| unseen(all));
    let weekend = summary(weekend.into_iter()).unwrap_or_else(|| unseen(all));
    let expected = ahead.weekdays * weekday.0 + ahead.weekend_days * weekend.0;
    // Days differ from each other, and their mean is known from as many as there were: the first
    // averages out over the days to come, the second does not.
    let by_day = ahead.weekdays * weekday.1.powi(2) + ahead.weekend_days * weekend.1.powi(2);
    let total = ahead.weekdays + ahead.weekend_days;
    let of_mean = (total * all.1).powi(2) / days.len() as f64;
    let spread = NINETEEN_OF_TWENTY * (by_day + of_mean).sqrt();
    Some(Forecast {
        expected: spent + expected,
        low: spent + (expected - spread).max(0.0),
        high: spent + expected + spread,
    })
}

/// Returns mean and deviation of what days have cost.
fn summary<'d>(days: impl Iterator<Item = &'d Day>) -> Option<(f64, f64)> {
    let spent: Vec<f64> = days.map(|day| day.spent).collect();
    let n = spent.len() as f64;
    if spent.is_empty() {
        return None;
    }
    let mean = spent.iter().sum::<f64>() / n;
    if spent.len() == 1 {
        return Some((mean, UNKNOWN_SPREAD * mean));
    }
    let squares: f64 = spent.iter().map(|spent| (spent - mean).powi(2)).sum();
    Some((mean, (squares / (n - 1.0)).sqrt()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dice;

    fn day(is_weekend: bool, spent: f64) -> Day {
        Day { is_weekend, spent }
    }

    #[test]
    fn equal_days_end_where_arithmetic_says() {
        let days = [
            day(false, 2.0),
            day(false, 2.0),
            day(true, 0.5),
            day(true, 0.5),
        ];
        let ahead = Ahead {
            weekdays: 10.0,
            weekend_days: 4.0,
        };
        let forecast = forecast(5.0, &days, ahead).expect("days are over");
        assert_eq!(forecast.expected, 5.0 + 20.0 + 2.0);
        assert!(forecast.low < 27.0 && forecast.high > 27.0);
    }

    #[test]
    fn what_was_spent_is_not_unspent_and_nothing_is_said_of_nothing() {
        let wild = [day(false, 0.0), day(false, 90.0)];
        let ahead = Ahead {
            weekdays: 20.0,
            weekend_days: 8.0,
        };
        assert!(forecast(90.0, &wild, ahead).expect("days are over").low >= 90.0);
        assert_eq!(forecast(0.0, &[], ahead), None);
    }

    #[test]
    fn nineteen_months_of_twenty_end_within_the_interval() {
        let mut dice = Dice::new(4);
        let mut within = 0;
        let months = 2_000;
        for _ in 0..months {
            let level = 1.0 + dice.share();
            // Day by day up to twice or down to nothing of the level.
            let days: Vec<Day> = (0..30)
                .map(|n| {
                    let is_weekend = n % 7 >= 5;
                    let part = if is_weekend { 0.2 } else { 1.0 };
                    day(is_weekend, 2.0 * level * part * dice.share())
                })
                .collect();
            let (over, to_come) = days.split_at(12);
            let spent = over.iter().map(|day| day.spent).sum();
            let count = |is_weekend| {
                to_come
                    .iter()
                    .filter(|d| d.is_weekend == is_weekend)
                    .count()
            };
            let ahead = Ahead {
                weekdays: count(false) as f64,
                weekend_days: count(true) as f64,
            };
            let forecast = forecast(spent, over, ahead).expect("days are over");
            let end: f64 = days.iter().map(|day| day.spent).sum();
            within += usize::from(end >= forecast.low && end <= forecast.high);
        }
        let share = within as f64 / f64::from(months);
        assert!((0.93..=1.0).contains(&share), "{share}");
    }
}
