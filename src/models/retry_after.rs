//! How long a provider wants us to wait.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use time::format_description::BorrowedFormatItem;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

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

/// Returns how long the host lets nothing more through, where the headers of an answer say that
/// what it allows is used up: OpenAI's `x-ratelimit-*` and Anthropic's `anthropic-ratelimit-*`.
///
/// A limit that is used up without a word on when it ends says nothing.
pub(super) fn exhausted(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let now = text(DATE.as_str()).and_then(|date| PrimitiveDateTime::parse(date, HTTP_DATE).ok());
    let kinds = ["requests", "tokens", "input-tokens", "output-tokens"];
    let of_openai = kinds.iter().filter_map(|kind| {
        let left = text(&format!("x-ratelimit-remaining-{kind}"))?;
        let reset = text(&format!("x-ratelimit-reset-{kind}"))?;
        (left == "0").then(|| span(reset)).flatten()
    });
    let of_anthropic = kinds.iter().filter_map(|kind| {
        let left = text(&format!("anthropic-ratelimit-{kind}-remaining"))?;
        let reset = text(&format!("anthropic-ratelimit-{kind}-reset"))?;
        let reset = OffsetDateTime::parse(reset, &Rfc3339).ok()?;
        (left == "0").then(|| Duration::try_from(reset - now?.assume_utc()).ok())?
    });
    let longest = of_openai.chain(of_anthropic).max()?;
    (!longest.is_zero()).then_some(longest.min(LONGEST))
}

/// Reads a span as Go writes it: `6m0s`, `20ms`, `1.5s`.
fn span(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut all = Duration::ZERO;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| c.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(unit);
        let end = after.find(|c: char| !c.is_ascii_alphabetic());
        let (unit, after) = after.split_at(end.unwrap_or(after.len()));
        let seconds = match unit {
            "h" => 3_600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        let part = number.parse::<f64>().ok()? * seconds;
        all = all.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = after;
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_exhausted(headers: &[(&'static str, &str)], expected: Option<Duration>) {
        let headers = headers.iter().map(|(name, value)| {
            let value = value.parse().expect("a valid header value");
            (HeaderName::from_static(name), value)
        });
        assert_eq!(exhausted(&headers.collect()), expected);
    }

    #[test]
    fn a_limit_that_is_used_up_says_until_when() {
        let none_left = ("x-ratelimit-remaining-requests", "0");
        let reset = ("x-ratelimit-reset-requests", "1m30.5s");
        check_exhausted(&[none_left, reset], Some(Duration::from_millis(90_500)));
        check_exhausted(&[none_left], None);
        check_exhausted(&[("x-ratelimit-remaining-requests", "4"), reset], None);
        check_exhausted(&[none_left, ("x-ratelimit-reset-requests", "soon")], None);
        check_exhausted(
            &[
                none_left,
                ("x-ratelimit-reset-requests", "20ms"),
                ("x-ratelimit-remaining-tokens", "0"),
                ("x-ratelimit-reset-tokens", "6m0s"),
            ],
            Some(Duration::from_secs(360)),
        );
        let of_anthropic = [
            ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
            ("anthropic-ratelimit-input-tokens-remaining", "0"),
            (
                "anthropic-ratelimit-input-tokens-reset",
                "1994-11-06T08:50:00Z",
            ),
        ];
        check_exhausted(&of_anthropic, Some(Duration::from_secs(23)));
        check_exhausted(&of_anthropic[1..], None);
    }

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
