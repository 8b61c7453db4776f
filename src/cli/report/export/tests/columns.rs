//! Every row of FOCUS has what FOCUS 1.2 wants in every row.

use std::collections::BTreeMap;

use super::*;
use crate::domain::{Correction, Pool, PoolTerms, Tier, UsageBooking};

/// When a mandatory column may be empty.
#[derive(Clone, Copy, PartialEq)]
enum Empty {
    Never,
    /// Of a charge that is neither use nor a purchase, or a correction.
    OfOthers,
    /// In every row.
    Ever,
}

/// The mandatory columns of FOCUS 1.2 (focus.finops.org, the pages of the columns, *Feature level* and
/// *Allows nulls*), and two more that it wants filled where they are there.
const MANDATORY: &[(&str, Empty)] = &[
    ("BilledCost", Empty::Never),
    ("BillingAccountId", Empty::Never),
    ("BillingAccountName", Empty::Ever),
    ("BillingCurrency", Empty::Never),
    ("BillingPeriodEnd", Empty::Never),
    ("BillingPeriodStart", Empty::Never),
    ("ChargeCategory", Empty::Never),
    ("ChargeClass", Empty::Ever),
    ("ChargeDescription", Empty::Never),
    ("ChargePeriodEnd", Empty::Never),
    ("ChargePeriodStart", Empty::Never),
    ("ContractedCost", Empty::Never),
    ("EffectiveCost", Empty::Never),
    ("InvoiceIssuerName", Empty::Never),
    ("ListCost", Empty::Never),
    ("PricingQuantity", Empty::OfOthers),
    ("PricingUnit", Empty::OfOthers),
    ("ProviderName", Empty::Never),
    ("PublisherName", Empty::Never),
    ("ServiceCategory", Empty::Never),
    ("ServiceName", Empty::Never),
    ("ChargeFrequency", Empty::Never),
    ("PricingCategory", Empty::OfOthers),
];

const ALLOWED: &[(&str, &[&str])] = &[
    (
        "ChargeCategory",
        &["Usage", "Purchase", "Tax", "Credit", "Adjustment"],
    ),
    ("ChargeClass", &["", "Correction"]),
    ("ChargeFrequency", &["One-Time", "Recurring", "Usage-Based"]),
    (
        "PricingCategory",
        &["", "Standard", "Dynamic", "Committed", "Other"],
    ),
    ("ServiceCategory", &["AI and Machine Learning", "Other"]),
    ("PricingUnit", &["", "Tokens", "Requests", "Hours", "Units"]),
    ("BillingCurrency", &["USD"]),
];

#[track_caller]
fn check(focus: &str) -> BTreeMap<String, usize> {
    let mut reader = csv::Reader::from_reader(focus.as_bytes());
    let header = reader.headers().expect("a header").clone();
    let mut seen = BTreeMap::new();
    for row in reader.records() {
        let row = row.expect("a row");
        let value = |name: &str| {
            let at = header.iter().position(|column| column == name);
            &row[at.unwrap_or_else(|| panic!("there is no column {name}"))]
        };
        let is_use = ["Usage", "Purchase"].contains(&value("ChargeCategory"));
        let is_wanted = is_use && value("ChargeClass").is_empty();
        for (name, empty) in MANDATORY {
            let may_be_empty = match empty {
                Empty::Never => false,
                Empty::OfOthers => !is_wanted,
                Empty::Ever => true,
            };
            assert!(
                may_be_empty || !value(name).is_empty(),
                "{name} is empty in {row:?}"
            );
        }
        for (name, allowed) in ALLOWED {
            assert!(allowed.contains(&value(name)), "{name} in {row:?}");
        }
        for name in ["BilledCost", "ContractedCost", "EffectiveCost", "ListCost"] {
            assert!(value(name).parse::<f64>().is_ok(), "{name} in {row:?}");
        }
        for (part, whole) in [
            ("ChargePeriodStart", "BillingPeriodStart"),
            ("BillingPeriodEnd", "ChargePeriodEnd"),
        ] {
            assert!(value(part) >= value(whole), "{part} in {row:?}");
        }
        // A price times its quantity is the cost, to the last digit.
        if !value("ContractedUnitPrice").is_empty() {
            let number = |name: &str| {
                value(name)
                    .replace('.', "")
                    .parse::<i128>()
                    .expect("digits")
            };
            let product = number("ContractedUnitPrice") * number("PricingQuantity");
            assert_eq!(product, number("ContractedCost"), "{row:?}");
        }
        if value("ChargeCategory") == "Purchase" {
            assert_ne!(value("ChargeFrequency"), "Usage-Based");
        }
        *seen.entry(value("ChargeCategory").to_owned()).or_default() += 1;
    }
    seen
}

#[tokio::test]
async fn every_row_has_what_focus_wants_in_every_row() {
    let demo = demo::write().await.expect("a month");
    let month = ["--since=2026-09-01", "--until=2026-10-01", "--format=focus"];
    let seen = check(&export(&demo.ledger, &month).await.expect("rows"));
    assert!(seen["Usage"] > 90 && seen["Purchase"] == 1, "{seen:?}");

    let (_folder, path) = five_calls().await;
    let ledger = Ledger::open(&path).await.expect("a ledger");
    let booked = |n: u128, until: Option<i64>, booking: Booking| {
        LedgerEvent::Booking(Box::new(BookingRow {
            id: RowId::from_uuid(uuid::Uuid::from_u128(100 + n)),
            since: at(0),
            until: until.map(at),
            currency: "USD".to_owned(),
            reference: Some(format!("bill {n}")),
            booking,
            at: at(0),
        }))
    };
    let usd = |dollars: i64| Money::from_pico_usd(dollars * 1_000_000_000_000);
    let elsewhere = |cost: Option<Money>| UsageBooking {
        model: ModelId::new("far"),
        supplier: "far.example".to_owned(),
        tier: Tier::Premium,
        lab: None,
        calls: 3,
        cancelled_calls: 0,
        usage: Usage::default(),
        cost,
        failed_calls: 0,
        failed_cost: None,
        price_id: None,
        price_snapshot: None,
    };
    for event in [
        booked(
            1,
            None,
            Booking::Cost {
                name: "setup".to_owned(),
                amount: usd(5),
                monthly: false,
            },
        ),
        booked(
            2,
            None,
            Booking::Pool(Pool {
                name: "a100".to_owned(),
                generation: "A100".to_owned(),
                supplier: "own".to_owned(),
                gpus: 1,
                terms: PoolTerms::Owned {
                    capex: usd(15_000),
                    salvage: usd(1_500),
                    life_months: 36,
                },
                power: None,
            }),
        ),
        booked(
            3,
            Some(86_400),
            Booking::Usage(Box::new(elsewhere(Some(usd(1))))),
        ),
        booked(4, Some(86_400), Booking::Usage(Box::new(elsewhere(None)))),
        booked(
            5,
            Some(86_400),
            Booking::Correction(Correction {
                model: "codestral".to_owned(),
                supplier: "api.mistral.ai".to_owned(),
                factor_ppm: 2_000_000,
            }),
        ),
    ] {
        ledger.record_and_wait(event).await.expect("it is written");
    }
    ledger.close().await;
    let period = ["--since=2026-11-10", "--until=2026-11-12", "--format=focus"];
    let focus = export(&path, &period).await.expect("rows");
    let seen = check(&focus);
    assert_eq!((seen["Purchase"], seen["Adjustment"]), (2, 1), "{seen:?}");
    let of = |name: &str| columns(&focus, &[name]).concat();
    assert!(of("BillingAccountId").contains(&"api.mistral.ai".to_owned()));
    assert!(of("ChargeFrequency").contains(&"One-Time".to_owned()));
    // Nobody knows what those cost, and they would be rows without a cost.
    let far = of("ProviderName")
        .iter()
        .filter(|name| *name == "far.example")
        .count();
    assert_eq!(far, 1);

    let named = [&period[..], &["--billing-account", "acct-7"]].concat();
    let named = export(&path, &named).await.expect("rows");
    check(&named);
    let accounts = columns(&named, &["BillingAccountId"]).concat();
    assert!(accounts.iter().all(|account| account == "acct-7"));
}
