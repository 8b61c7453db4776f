//! Decimal numbers of a catalogue as integers: by their digits, never by arithmetic on floats.

use crate::domain::divide_half_even;

/// Returns `number` × 10^`places` as an integer, rounded half to even where the catalogue is finer;
/// `None` when it is negative, not finite or too large.
pub(super) fn scaled(number: f64, places: i32) -> Option<u64> {
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    // The shortest text that means this float is what the catalogue's author wrote.
    let text = format!("{number:e}");
    let (mantissa, exponent) = text.split_once('e')?;
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let shift = exponent.parse::<i32>().ok()? - i32::try_from(part.len()).ok()? + places;
    let power = 10_i128.checked_pow(shift.unsigned_abs());
    let scaled = match (shift >= 0, power) {
        (true, power) => digits.checked_mul(power?)?,
        (false, Some(power)) => divide_half_even(digits, power),
        (false, None) => 0,
    };
    u64::try_from(scaled).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_per_token_becomes_micro_dollars_per_million() {
        for (number, expected) in [
            (3e-07, Some(300_000)),
            (2.5e-06, Some(2_500_000)),
            // No float holds 0.0000006 exactly, its digits do.
            (6e-07, Some(600_000)),
            (1e-05, Some(10_000_000)),
            (0.0, Some(0)),
            (-1e-06, None),
            (f64::NAN, None),
            (1e300, None),
            (1e-300, Some(0)),
        ] {
            assert_eq!(scaled(number, 12), expected, "{number}");
        }
        assert_eq!(scaled(0.075, 6), Some(75_000));
        // A third of 0.25: finer than the unit, so rounded.
        assert_eq!(scaled(0.083_333_333_333_333_34, 6), Some(83_333));
    }
}
