use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::{CallGroup, Margin, PriceLists};
use super::*;
use crate::domain::{RowId, Tier, TokenCount};
use crate::ledger::figures::Figures;

fn day(number: i64) -> Timestamp {
    Timestamp::from_unix_micros(number * MICROS_PER_DAY)
}

/// What the invoice says of the model `m` in `[since, until)`, written down in this order.
fn booked(number: u64, invoice: &str, (since, until): (i64, i64), factor_ppm: u64) -> BookingRow {
    BookingRow {
        id: RowId::from_uuid(Uuid::from_u128(number.into())),
        since: day(since),
        until: Some(day(until)),
        currency: "USD".to_owned(),
        reference: Some(invoice.to_owned()),
        booking: Booking::Correction(Correction {
            model: "m".to_owned(),
            supplier: "host".to_owned(),
            factor_ppm,
        }),
        at: Timestamp::from_unix_micros(number as i64),
    }
}

/// Ten days with calls of ten dollars, of which four are assumed; a hundred and fifty dollars are
/// earned.
fn margin(bookings: &[BookingRow]) -> Result<Margin, LedgerError> {
    let dollars = |dollars: i128| dollars * 1_000_000_000_000;
    let calls: Vec<CallGroup> = (0..10)
        .map(|number| CallGroup {
            model: "m".to_owned(),
            tier: Tier::Premium,
            supplier: "host".to_owned(),
            lab: None,
            price_id: None,
            at: Timestamp::from_unix_micros(number * MICROS_PER_DAY + MICROS_PER_DAY / 2),
            calls: 10,
            unpriced: 0,
            cost_pico: dollars(10),
            unreported_pico: dollars(4),
            cancelled: 0,
            cancelled_pico: None,
            failed: 0,
            failed_pico: 0,
            uncached: TokenCount::ZERO,
            cache_read: TokenCount::ZERO,
            cache_write: (TokenCount::ZERO, TokenCount::ZERO),
            output: TokenCount::ZERO,
        })
        .collect();
    let totals = Figures {
        requests: 100,
        calls: 100,
        known_cost_pico: dollars(100),
        ..Figures::default()
    };
    Margin::of(&Books {
        since: day(0),
        until: day(10),
        totals: &totals,
        calls: &calls,
        bookings,
        retained_chars: None,
        seats_pico: Some(dollars(150)),
        prices: &PriceLists::UNKNOWN,
        users: &BTreeMap::new(),
        remarks: Vec::new(),
    })
}

const fn usd(dollars: i128) -> MicroUsd {
    MicroUsd::new(dollars * 1_000_000)
}

/// Five of ten days have twenty assumed dollars; half as much again are ten more.
#[test]
fn an_invoice_changes_what_is_assumed_on_its_days_and_leaves_the_rest() {
    let margin = margin(&[booked(1, "may", (5, 20), 1_500_000)]).expect("a margin");
    let line = &margin.corrections[0];
    assert_eq!((line.assumed, line.extra), (usd(20), usd(10)));
    assert_eq!(
        margin.metered_cost(),
        usd(100),
        "what was recorded is there"
    );
    assert_eq!(margin.controllable_cost(), usd(110));
    assert_eq!(margin.cost(), usd(110));
    assert_eq!(margin.gross_profit(), Some(usd(40)));
    assert_eq!(margin.units.metered.request, Some(1_100_000_000));
    assert_eq!(margin.concentration.suppliers[0].micro_usd, 110_000_000);
}

#[test]
fn a_newer_one_of_the_same_invoice_takes_its_place_and_one_undoes_it() {
    let first = booked(1, "may", (0, 10), 1_500_000);
    let second = booked(2, "may", (0, 10), 750_000);
    let of = |bookings: &[BookingRow]| margin(bookings).expect("a margin").controllable_cost();
    assert_eq!(of(&[first.clone(), second.clone()]), usd(90));
    assert_eq!(
        of(&[second.clone(), first.clone()]),
        usd(90),
        "by time, not by place"
    );
    let undone = booked(3, "may", (0, 10), 1_000_000);
    let all = [first, second, undone];
    let margin = margin(&all).expect("a margin");
    assert_eq!(margin.corrections, []);
    assert_eq!(margin.cost(), usd(100));
    assert!(in_force(&all).expect("nothing is wrong").is_empty());
}

#[test]
fn what_contradicts_or_is_damaged_is_an_error_that_says_which() {
    let refused = |bookings: &[BookingRow]| margin(bookings).expect_err("refused").to_string();
    let may = booked(1, "may", (0, 10), 1_500_000);
    let two = [may.clone(), booked(2, "june", (9, 12), 1_200_000)];
    let said = refused(&two);
    assert!(
        said.contains("`june` and `may`") && said.contains("1970-01-10"),
        "{said}"
    );
    let next = [may.clone(), booked(2, "june", (10, 12), 1_200_000)];
    assert_eq!(
        margin(&next).expect("a margin").controllable_cost(),
        usd(120)
    );

    let nameless = BookingRow {
        reference: None,
        ..may.clone()
    };
    let endless = BookingRow {
        until: None,
        ..may.clone()
    };
    let torn = BookingRow {
        since: day(11),
        ..may
    };
    let huge = booked(1, "may", (0, 10), LARGEST_FACTOR_PPM + 1);
    for (row, problem) in [
        (nameless, "names no invoice"),
        (endless, "has no end"),
        (torn, "ends before it begins"),
        (huge, "a factor above 1,000"),
    ] {
        let said = refused(&[row]);
        assert!(said.contains(problem), "{said}");
    }
}
