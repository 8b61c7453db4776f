//! Money and prices as integers.
//!
//! A price in micro-USD per million tokens is numerically the same as pico-USD per token, so the
//! cost of a call is an exact product and sums of rows are exact. Rounding happens once, half to
//! even, per line of a report. No float ever holds money.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TokenCount;

/// An amount of US dollars, in pico-USD. Holds up to about ±9.2 million dollars.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// No money: what an answer from the cache or the embedded model costs.
    pub const ZERO: Self = Self(0);

    /// Makes an amount from pico-USD.
    #[must_use]
    pub const fn from_pico_usd(pico: i64) -> Self {
        Self(pico)
    }

    /// Makes an amount from pico-USD; one that is too large stays at the limit.
    #[must_use]
    pub fn saturating(pico: i128) -> Self {
        let limit = if pico < 0 { i64::MIN } else { i64::MAX };
        Self(i64::try_from(pico).unwrap_or(limit))
    }

    /// Returns the amount in pico-USD.
    #[must_use]
    pub const fn pico_usd(self) -> i64 {
        self.0
    }

    /// Returns the sum, or `None` when it does not fit.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// Writes `pico` pico-USD in dollars with `places` decimals, rounded half to even.
    #[must_use]
    pub fn format_pico(pico: i128, places: u32) -> String {
        debug_assert!(places <= 12, "pico-USD has twelve places");
        let step = 10_i128.pow(12 - places);
        let rounded = divide_half_even(pico, step);
        let unit = 10_i128.pow(places);
        let sign = if rounded < 0 { "-" } else { "" };
        let (whole, part) = (rounded.abs() / unit, rounded.abs() % unit);
        if places == 0 {
            return format!("{sign}{whole}");
        }
        format!("{sign}{whole}.{part:0width$}", width = places as usize)
    }
}

/// Adds, and stays at the limit instead of wrapping: a sum that large is shown, never negative.
impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Shows dollars with six places.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${}", Self::format_pico(i128::from(self.0), 6))
    }
}

/// Reads an amount of dollars such as `19.00`; at most twelve decimals, never negative.
impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let pico = parse_decimal(text, 12)?;
        i64::try_from(pico)
            .map(Self)
            .map_err(|_| MoneyError::TooLarge(text.to_owned()))
    }
}

/// An amount as a line of a report: in micro-USD, rounded once, and exact from then on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct MicroUsd(i128);

impl MicroUsd {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Rounds an exact amount in pico-USD, half to even.
    #[must_use]
    pub fn rounded(pico: i128) -> Self {
        Self(divide_half_even(pico, 1_000_000))
    }

    /// Makes an amount from micro-USD.
    #[must_use]
    pub const fn new(micro: i128) -> Self {
        Self(micro)
    }

    /// Returns the amount in micro-USD.
    #[must_use]
    pub const fn get(self) -> i128 {
        self.0
    }

    /// Returns it as an amount; one that is too large stays at the limit.
    #[must_use]
    pub fn to_money(self) -> Money {
        Money::saturating(self.0.saturating_mul(1_000_000))
    }

    /// Returns the amount times `part` ÷ `whole`, rounded half to even; `None` when there is no
    /// whole, or the product does not fit.
    #[must_use]
    pub fn share(self, part: i128, whole: i128) -> Option<Self> {
        let product = self.0.checked_mul(part).filter(|_| whole > 0)?;
        Some(Self(divide_half_even(product, whole)))
    }

    /// Returns the amount ÷ `count` in nano-USD, rounded half to even; `None` when there is nothing
    /// to divide by.
    #[must_use]
    pub fn nano_per(self, count: u64) -> Option<i128> {
        let nano = self.0.checked_mul(1_000).filter(|_| count > 0)?;
        Some(divide_half_even(nano, count.into()))
    }
}

impl Add for MicroUsd {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for MicroUsd {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for MicroUsd {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Shows dollars with six places, without a sign of the currency.
impl fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Money::format_pico(self.0.saturating_mul(1_000_000), 6))
    }
}

/// A price in micro-USD per million tokens, which is pico-USD per token. Never negative.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PricePerMTok(u64);

impl PricePerMTok {
    /// Free of charge.
    pub const FREE: Self = Self(0);

    /// Makes a price from micro-USD per million tokens.
    #[must_use]
    pub const fn from_micro_usd(micro: u64) -> Self {
        Self(micro)
    }

    /// Returns the price in micro-USD per million tokens.
    #[must_use]
    pub const fn micro_usd(self) -> u64 {
        self.0
    }

    /// Returns the exact cost of `tokens`, in pico-USD. Numbers that only nonsense reaches (a product
    /// beyond `i128`) stay at its limit, which no [`Money`] holds.
    #[must_use]
    pub fn cost_of(self, tokens: TokenCount) -> i128 {
        i128::from(self.0).saturating_mul(i128::from(tokens.get()))
    }
}

/// Reads dollars per million tokens such as `0.30`; at most six decimals.
impl FromStr for PricePerMTok {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let micro = parse_decimal(text, 6)?;
        u64::try_from(micro)
            .map(Self)
            .map_err(|_| MoneyError::TooLarge(text.to_owned()))
    }
}

/// Shows dollars per million tokens, without trailing zeros past the cents.
impl fmt::Display for PricePerMTok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = Money::format_pico(i128::from(self.0) * 1_000_000, 6);
        let shortest = text.find('.').map_or(text.len(), |dot| dot + 3);
        let kept = text.trim_end_matches('0').len().max(shortest);
        f.write_str(&text[..kept])
    }
}

/// Why a text is not an amount of money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point.
    #[error("`{0}` is not an amount of dollars; write it like \"0.30\"")]
    NotANumber(String),
    /// More decimals than the unit has: rounding here would lose money silently.
    #[error("`{text}` has more than {places} decimals")]
    TooFine {
        /// What was written.
        text: String,
        /// How many decimals fit.
        places: u32,
    },
    /// More than the type holds.
    #[error("`{0}` is too large an amount")]
    TooLarge(String),
}

fn parse_decimal(text: &str, places: u32) -> Result<i128, MoneyError> {
    let not_a_number = || MoneyError::NotANumber(text.to_owned());
    let trimmed = text.trim();
    let (whole, part) = trimmed.split_once('.').unwrap_or((trimmed, ""));
    let is_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !is_digits(whole) || !is_digits(part) {
        return Err(not_a_number());
    }
    let part = part.trim_end_matches('0');
    if part.len() > places as usize {
        return Err(MoneyError::TooFine {
            text: text.to_owned(),
            places,
        });
    }
    if whole.len() > 18 {
        return Err(MoneyError::TooLarge(text.to_owned()));
    }
    let whole: i128 = if whole.is_empty() {
        0
    } else {
        whole.parse().map_err(|_| not_a_number())?
    };
    let padded = format!("{part:0<width$}", width = places as usize);
    let part: i128 = if padded.is_empty() {
        0
    } else {
        padded.parse().map_err(|_| not_a_number())?
    };
    Ok(whole * 10_i128.pow(places) + part)
}

/// Divides and rounds half to even, so that many roundings do not drift.
///
/// # Panics
/// When `divisor` is zero.
#[must_use]
pub fn divide_half_even(value: i128, divisor: i128) -> i128 {
    debug_assert!(divisor > 0, "a unit is positive");
    let quotient = value.div_euclid(divisor);
    let remainder = value.rem_euclid(divisor);
    // Compared with what is missing to the next one: twice the remainder might not fit.
    match remainder.cmp(&(divisor - remainder)) {
        std::cmp::Ordering::Less => quotient,
        std::cmp::Ordering::Greater => quotient + 1,
        std::cmp::Ordering::Equal => quotient + (quotient & 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_times_tokens_is_exact_in_pico_usd() {
        // 0.30 USD per million tokens is 300,000 pico-USD per token; 1,500 tokens cost 450 micro-USD.
        let price: PricePerMTok = "0.30".parse().expect("a price");
        assert_eq!(price.cost_of(TokenCount::new(1_500)), 450_000_000);
        assert_eq!(Money::from_pico_usd(450_000_000).to_string(), "$0.000450");
    }

    #[test]
    fn halves_round_to_even() {
        assert_eq!(Money::format_pico(500_000, 6), "0.000000");
        assert_eq!(Money::format_pico(1_500_000, 6), "0.000002");
        assert_eq!(Money::format_pico(-1_500_000, 6), "-0.000002");
        assert_eq!(Money::format_pico(1_234_567_890_123, 9), "1.234567890");
    }

    #[test]
    fn a_price_is_shown_with_cents_at_least() {
        assert_eq!(PricePerMTok::from_micro_usd(300_000).to_string(), "0.30");
        assert_eq!(PricePerMTok::from_micro_usd(37_000).to_string(), "0.037");
        assert_eq!(PricePerMTok::from_micro_usd(4_000_000).to_string(), "4.00");
    }

    #[test]
    fn amounts_that_are_not_money_are_refused() {
        for text in ["", ".", "-1", "1,5", "1e3", "NaN", "0.0000001"] {
            assert!(
                text.parse::<PricePerMTok>().is_err(),
                "{text:?} was taken for a price"
            );
        }
        assert_eq!(
            "19".parse::<Money>(),
            Ok(Money::from_pico_usd(19_000_000_000_000))
        );
        assert_eq!("19.00".parse::<Money>(), "19".parse::<Money>());
    }
}
