//! How long the next forty characters took after a suggestion that was not wanted, and after one that
//! was held back by chance: what the price of attention is estimated from.

use crate::domain::{Timestamp, fnv1a};
use crate::ledger::{Key, LedgerError, LedgerReader, Unwanted};
use crate::routing::off_policy::{ATTENTION_CHARS, Attention, Reading, attention};

/// Who pauses for longer has left; how long that took says nothing of reading.
const LONGEST_PAUSE_MS: f64 = 60_000.0;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// Estimates the price of attention from a period; `None` where the ledger does not tell it.
///
/// # Errors
///
/// When the ledger cannot be read.
pub(super) async fn measured(
    reader: &LedgerReader,
    period: (Timestamp, Timestamp),
) -> Result<Option<Attention>, LedgerError> {
    let (mut readings, mut place): (Vec<Reading>, Vec<Key>) = (Vec::new(), Vec::new());
    let hear = |key: Key| {
        let is_next = |last: &Key| (&last.user, &last.place) == (&key.user, &key.place);
        if !place.last().is_none_or(is_next) {
            readings.extend(readings_of(&place));
            place.clear();
        }
        place.push(key);
    };
    reader.keys(period, hear).await?;
    readings.extend(readings_of(&place));
    Ok(attention(&readings))
}

/// Returns what was measured as JSON; `used` is what of it the router takes.
pub(super) fn json(measured: Option<&Attention>, used: Option<f64>) -> serde_json::Value {
    measured.map_or(serde_json::Value::Null, |measured| {
        let between = measured.characters;
        serde_json::json!({
            "characters": between.value,
            "between": [between.low, between.high],
            "shown": measured.shown,
            "held_back": measured.silent,
            "used": used,
        })
    })
}

/// Returns what was measured in a line of words.
pub(super) fn line(measured: Option<&Attention>, used: Option<f64>) -> String {
    let Some(measured) = measured else {
        return "What a suggestion costs that is turned down cannot be told yet: too few bursts were \
                held out.\n"
            .to_owned();
    };
    let between = measured.characters;
    format!(
        "A suggestion that was turned down cost {:.1} characters ({:.1} to {:.1}; {} were shown, {} held \
         back){}.\n",
        between.value,
        between.low,
        between.high,
        measured.shown,
        measured.silent,
        match used {
            Some(_) => ", and is reckoned with that",
            None => ": too wide to be used, the default stays",
        },
    )
}

/// Returns the readings of one user at one place, whose decision points are in order: one for each
/// burst, from its first answer that was not wanted.
fn readings_of(keys: &[Key]) -> Vec<Reading> {
    let mut readings = Vec::new();
    let mut last_burst: Option<&[u8]> = None;
    for (at, key) in keys.iter().enumerate() {
        let Some(unwanted) = key.unwanted else {
            continue;
        };
        if last_burst == Some(key.burst.as_slice()) {
            continue;
        }
        last_burst = Some(&key.burst);
        let Some(millis) = until_typed(&keys[at..]) else {
            continue;
        };
        let user = key.user.as_deref().unwrap_or_default();
        readings.push(Reading {
            user: fnv1a(user.as_bytes()),
            day: key.at.unix_micros().div_euclid(MICROS_PER_DAY),
            is_shown: unwanted == Unwanted::Shown,
            millis,
        });
    }
    readings
}

/// Returns how many milliseconds after the first key the document had forty more edits, which are
/// characters where somebody types; between two keys as if they were typed evenly. `None` where the
/// versions do not go on, for the document was left, and where somebody paused for a minute.
fn until_typed(keys: &[Key]) -> Option<f64> {
    let first = keys.first()?;
    let goal = first.version + i64::from(ATTENTION_CHARS);
    for pair in keys.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let gap = millis(before.at, after.at);
        // A step of more edits than were waited for is another document's.
        let is_other = after.version < before.version || after.version > goal + 10;
        if is_other || gap > LONGEST_PAUSE_MS {
            return None;
        }
        if after.version >= goal {
            let share = (goal - before.version) as f64 / (after.version - before.version) as f64;
            return Some(millis(first.at, before.at) + share * gap);
        }
    }
    None
}

fn millis(from: Timestamp, to: Timestamp) -> f64 {
    (to.unix_micros() - from.unix_micros()) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::Estimates;
    use crate::routing::off_policy::Interval;

    /// Keys a fifth of a second apart, one edit each.
    fn keys(count: i64, burst: u8, begin: i64, unwanted: Option<Unwanted>) -> Vec<Key> {
        let key = |n: i64| Key {
            at: Timestamp::from_unix_micros((begin + n) * 200_000),
            user: Some("u".to_owned()),
            place: (None, None, "rust".to_owned()),
            burst: vec![burst],
            version: begin + n,
            unwanted: unwanted.filter(|_| n >= 2),
        };
        (0..count).map(key).collect()
    }

    #[test]
    fn a_burst_tells_how_long_the_next_forty_edits_took_once() {
        let mut all = keys(30, 1, 0, Some(Unwanted::Shown));
        // The next burst goes on in the same document: the first one's forty edits end there.
        all.extend(keys(60, 2, 30, Some(Unwanted::HeldBack)));
        let readings = readings_of(&all);
        assert_eq!(readings.len(), 2);
        assert!(readings[0].is_shown && !readings[1].is_shown);
        assert!(readings.iter().all(|r| (r.millis - 8_000.0).abs() < 1e-9));
    }

    #[test]
    fn keys_that_were_not_decided_are_typed_evenly() {
        let mut all = keys(60, 1, 0, Some(Unwanted::Shown));
        all.retain(|key| key.version < 20 || key.version > 45);
        assert!((readings_of(&all)[0].millis - 8_000.0).abs() < 1e-9);
    }

    #[test]
    fn what_was_measured_is_said_with_whether_it_is_used() {
        let measured = Attention {
            characters: Interval {
                value: 6.0,
                low: 4.0,
                high: 8.0,
            },
            shown: 900,
            silent: 40,
        };
        let estimates = |low: f64, high: f64| {
            let between = Interval {
                low,
                high,
                ..measured.characters
            };
            Estimates::default().with_attention(Some(between))
        };
        let used = estimates(4.0, 8.0).attention();
        assert_eq!(used, Some(6.0));
        assert_eq!(
            line(Some(&measured), used),
            "A suggestion that was turned down cost 6.0 characters (4.0 to 8.0; 900 were shown, 40 held \
             back), and is reckoned with that.\n"
        );
        // The default could be off by nine characters: what is known less well than that is not used.
        assert_eq!(estimates(0.0, 12.0).attention(), None);
        assert!(line(Some(&measured), None).contains("the default stays"));
        assert!(line(None, None).contains("cannot be told yet"));
        assert_eq!(json(Some(&measured), used)["between"][1], 8.0);
        assert!(json(None, None).is_null());
    }

    #[test]
    fn who_leaves_the_document_or_pauses_tells_nothing() {
        let all = keys(60, 1, 0, Some(Unwanted::Shown));
        assert!(readings_of(&all[..30]).is_empty());
        let mut other = all.clone();
        other[10].version = 500;
        assert!(readings_of(&other).is_empty());
        let mut paused = all.clone();
        for key in &mut paused[20..] {
            key.at = Timestamp::from_unix_micros(key.at.unix_micros() + 61_000_000);
        }
        assert!(readings_of(&paused).is_empty());
        assert!(readings_of(&keys(60, 1, 0, None)).is_empty());
    }
}
