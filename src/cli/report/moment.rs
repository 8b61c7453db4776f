//! A point in time as people write it: some time ago, a day, or an exact time.

use std::str::FromStr;
use std::time::Duration;

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{Date, OffsetDateTime};

use crate::domain::Timestamp;

/// A point in time, before it is known what time it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Timestamp),
}

impl Moment {
    /// Returns the point in time, seen from `now`.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Timestamp {
        match self {
            Self::Ago(span) => now.minus(span),
            Self::At(moment) => moment,
        }
    }
}

/// A text that names no point in time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write it like 30d, 12h or 90m (ago), 2026-11-01, or 2026-11-01T08:00:00Z")]
pub struct NotAMoment;

/// Reads `30d`, `2w`, `12h`, `90m`, a day, which is its first moment in UTC, or an RFC 3339 time.
impl FromStr for Moment {
    type Err = NotAMoment;

    fn from_str(text: &str) -> Result<Self, NotAMoment> {
        if let Some(span) = span(text) {
            return Ok(Self::Ago(span));
        }
        if let Ok(day) = Date::parse(text, format_description!("[year]-[month]-[day]")) {
            return Ok(Self::At(day.into()));
        }
        OffsetDateTime::parse(text, &Rfc3339)
            .map(|moment| Self::At(moment.into()))
            .map_err(|_| NotAMoment)
    }
}

fn span(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return None,
    };
    let number = &text[..text.len() - unit.len_utf8()];
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = number.parse().ok()?;
    number.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let now = OffsetDateTime::parse("2026-11-24T12:00:00Z", &Rfc3339).expect("a time");
        let expected = OffsetDateTime::parse(expected, &Rfc3339).expect("a time");
        let moment: Moment = text.parse().expect("a moment");
        assert_eq!(moment.at(now.into()), expected.into(), "{text}");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        check("30d", "2026-10-25T12:00:00Z");
        check("2w", "2026-11-10T12:00:00Z");
        check("12h", "2026-11-24T00:00:00Z");
        check("90m", "2026-11-24T10:30:00Z");
        check("2026-11-01", "2026-11-01T00:00:00Z");
        check("2026-11-01T02:00:00+02:00", "2026-11-01T00:00:00Z");
        check("2026-11-01T08:00:00.5Z", "2026-11-01T08:00:00.5Z");
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in [
            "",
            "d",
            "30",
            "-3d",
            "+3d",
            "3 d",
            "30days",
            "yesterday",
            "2026-13-01",
            "2026-11",
            "30ä",
            "99999999999999999999d",
            "18446744073709551615d",
        ] {
            assert_eq!(text.parse::<Moment>(), Err(NotAMoment), "{text:?}");
        }
    }
}
