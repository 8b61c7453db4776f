//! The calendar month that a moment lies in, in UTC.

use super::Timestamp;

/// A calendar month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Month {
    /// Its first moment.
    pub begin: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Month {
    /// Returns the month of a moment.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_utc().date();
        let first = date.replace_day(1).unwrap_or(date);
        let length = date.month().length(date.year());
        let after = (0..length).fold(first, |day, _| day.next_day().unwrap_or(day));
        Self {
            begin: Timestamp::from(first),
            end: Timestamp::from(after),
        }
    }

    /// Returns whether a moment is in it.
    #[must_use]
    pub fn contains(&self, at: Timestamp) -> bool {
        self.begin <= at && at < self.end
    }

    /// Returns its first day, such as `2026-11-01`.
    #[must_use]
    pub fn first_day(&self) -> String {
        self.begin.to_utc().date().to_string()
    }

    /// Returns the first day of the next month.
    #[must_use]
    pub fn day_after(&self) -> String {
        self.end.to_utc().date().to_string()
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;
    use time::macros::datetime;

    use super::*;

    fn month(at: OffsetDateTime) -> (String, String) {
        let month = Month::of(at.into());
        (month.first_day(), month.day_after())
    }

    #[test]
    fn a_month_ends_where_the_next_begins() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            month(datetime!(2026-12-31 23:59 UTC)),
            pair("2026-12-01", "2027-01-01")
        );
        assert_eq!(
            month(datetime!(2028-02-01 0:00 UTC)),
            pair("2028-02-01", "2028-03-01")
        );
    }
}
