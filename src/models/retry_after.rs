//! How long a provider wants us to wait.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
const HTTP_DATE: &[BorrowedFormatItem<'static>] = format_description!(
    "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
);
/// Longer waits are no rate limit any more, and a date may be plain wrong.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Returns the wait that the headers ask for, at most a day; milliseconds before seconds.
///
/// A date is measured against the answer's own `Date`, so a wrong clock here does not matter.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |value: &str, unit: f64| {
        let seconds = value.parse::<f64>().ok()? * unit;
        Duration::try_from_secs_f64(seconds).ok()
    };
    let wait = text(&RETRY_AFTER_MS)
        .and_then(|value| number(value, 0.001))
        .or_else(|| text(&RETRY_AFTER).and_then(|value| number(value, 1.0)))
        .or_else(|| {
            let until = PrimitiveDateTime::parse(text(&RETRY_AFTER)?, HTTP_DATE).ok()?;
            let now = PrimitiveDateTime::parse(text(&DATE)?, HTTP_DATE).ok()?;
            Some(Duration::try_from(until - now).unwrap_or(Duration::ZERO))
        })?;
    Some(wait.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &str)], expected: Option<Duration>) {
        let headers = headers
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    value.parse().expect("a valid header value"),
                )
            })
            .collect();
        assert_eq!(retry_after(&headers), expected);
    }

    #[test]
    fn seconds_are_read() {
        check(&[("retry-after", "7")], Some(Duration::from_secs(7)));
        check(&[("retry-after", "0.5")], Some(Duration::from_millis(500)));
    }

    #[test]
    fn milliseconds_win_over_seconds() {
        check(
            &[("retry-after", "1"), ("retry-after-ms", "250")],
            Some(Duration::from_millis(250)),
        );
    }

    #[test]
    fn a_date_is_measured_against_the_date_of_the_answer() {
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let until = ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT");
        check(&[date, until], Some(Duration::from_secs(30)));
        check(
            &[("date", until.1), ("retry-after", date.1)],
            Some(Duration::ZERO),
        );
        check(&[until], None);
    }

    #[test]
    fn nonsense_is_no_wait_and_a_huge_wait_is_a_day() {
        check(&[], None);
        check(&[("retry-after", "soon")], None);
        check(&[("retry-after", "-5")], None);
        check(&[("retry-after", "NaN")], None);
        check(&[("retry-after", "1e12")], Some(LONGEST));
    }
}
