//! What is left of a seat after the calls that it made, over all seats: the mean hides the few that
//! cost more than they pay.

use super::{Books, Margin};
use crate::domain::{MicroUsd, divide_half_even};

/// The line of calls of which nobody knows whose they were.
const UNKNOWN: &str = "unknown";

/// Contribution per seat: revenue per seat less the calls of that seat. Pools and other costs are
/// not in it: nobody's calls make them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seats {
    /// Seats: as many as there were on average, or had calls, whichever is more.
    pub seats: u64,
    /// What is left of the seat that is dearer than half of them.
    pub p50: MicroUsd,
    /// What is left of the one that is dearer than 90 in 100.
    pub p90: MicroUsd,
    /// What is left of the one that is dearer than 99 in 100.
    pub p99: MicroUsd,
    /// Share of the seats that cost more than they bring, in millionths.
    pub below_zero_ppm: i128,
}

/// Lays out the seats; `None` without revenue by seats, or calls whose people are known.
pub(super) fn of(margin: &Margin, books: &Books<'_>, remarks: &mut Vec<String>) -> Option<Seats> {
    let revenue = margin.units.seat?.revenue;
    let milli = margin.earned.as_ref()?.seats_milli;
    let mut costs: Vec<i128> = Vec::new();
    let mut of_nobody = 0;
    for (user, figures) in books.users {
        match user.as_str() {
            UNKNOWN => of_nobody = figures.known_cost_pico,
            _ => costs.push(figures.known_cost_pico),
        }
    }
    if costs.is_empty() {
        return None;
    }
    if of_nobody > 0 {
        remarks.push(format!(
            "calls of ${} are of people who are not known, and of no seat",
            MicroUsd::rounded(of_nobody)
        ));
    }
    // Seats that called nobody cost nothing.
    let booked = usize::try_from(divide_half_even(milli, 1_000)).unwrap_or(0);
    costs.resize(costs.len().max(booked), 0);
    costs.sort_unstable();
    let left = |cost: i128| revenue - MicroUsd::rounded(cost);
    let dearer_than = |hundredths: usize| {
        let rank = (costs.len() * hundredths).div_ceil(100).max(1);
        left(costs[rank - 1])
    };
    let below = costs.iter().filter(|cost| left(**cost) < MicroUsd::ZERO);
    let below = i128::try_from(below.count()).unwrap_or(i128::MAX);
    let all = i128::try_from(costs.len()).unwrap_or(i128::MAX);
    Some(Seats {
        seats: costs.len() as u64,
        p50: dearer_than(50),
        p90: dearer_than(90),
        p99: dearer_than(99),
        below_zero_ppm: divide_half_even(below * 1_000_000, all),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::figures::Figures;
    use super::super::PriceLists;
    use super::*;
    use crate::domain::Timestamp;

    /// A month of as many seats at ten dollars as have these costs in dollars, and more without any.
    fn month(costs: &[(&str, i64)], seats: i128) -> (Option<Seats>, Vec<String>) {
        let users: BTreeMap<String, Figures> = costs
            .iter()
            .map(|(user, dollars)| {
                let figures = Figures {
                    calls: 1,
                    known_cost_pico: i128::from(*dollars) * 1_000_000_000_000,
                    ..Figures::default()
                };
                ((*user).to_owned(), figures)
            })
            .collect();
        let totals = Figures::default();
        let books = Books {
            since: Timestamp::from_unix_micros(0),
            until: Timestamp::from_unix_micros(1),
            totals: &totals,
            calls: &[],
            bookings: &[],
            retained_chars: None,
            seats_pico: Some(seats * 10_000_000_000_000),
            prices: &PriceLists::UNKNOWN,
            users: &users,
            remarks: Vec::new(),
        };
        let mut margin = Margin::of(&books).expect("nothing is booked");
        if let Some(earned) = &mut margin.earned {
            earned.seats_milli = seats * 1_000;
        }
        margin.units.seat = (seats > 0).then(|| super::super::PerSeat {
            revenue: MicroUsd::new(10_000_000),
            cost: MicroUsd::ZERO,
        });
        let mut remarks = Vec::new();
        (of(&margin, &books, &mut remarks), remarks)
    }

    #[test]
    fn a_few_dear_seats_show_at_the_far_end_and_below_zero() {
        let (seats, remarks) = month(&[("a", 4), ("b", 25), ("c", 1)], 10);
        let seats = seats.expect("there are seats");
        assert_eq!(seats.seats, 10);
        let dollars = |dollars: i128| MicroUsd::new(dollars * 1_000_000);
        assert_eq!((seats.p50, seats.p90), (dollars(10), dollars(6)));
        assert_eq!(seats.p99, dollars(-15));
        assert_eq!(seats.below_zero_ppm, 100_000);
        assert!(remarks.is_empty());
    }

    #[test]
    fn calls_of_nobody_are_of_no_seat_and_said() {
        let (seats, remarks) = month(&[("a", 4), ("unknown", 3)], 1);
        assert_eq!(seats.expect("one seat").p99, MicroUsd::new(6_000_000));
        assert!(remarks[0].starts_with("calls of $3.000000"), "{remarks:?}");
        assert_eq!(month(&[("unknown", 3)], 1).0, None);
        assert_eq!(month(&[("a", 4)], 0).0, None);
    }
}
