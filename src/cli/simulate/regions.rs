//! `mantle simulate --without-regions`: what the rule on regions costs.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::bail;
use serde_json::json;

use crate::domain::{Action, ArmEstimate, Exclusion, Money, Timestamp};
use crate::ledger::{LedgerReader, Logged};

/// What is reckoned, in one sentence.
const ESTIMAND: &str = "what the first calls were expected to cost, and what the cheapest model would have been \
    expected to cost, had the rule on regions let it in: the most that the rule can cost at the same places";

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Found {
    /// Decisions that called somebody.
    calls: u64,
    /// Those at which the rule kept a cheaper model out.
    dearer: u64,
    /// What the first calls were expected to cost, in pico-USD.
    paid: i128,
    /// What they would have cost at the cheapest of all.
    cheapest: i128,
}

impl Found {
    fn add(&mut self, logged: &Logged) {
        if logged.action != Action::Call {
            return;
        }
        let called = |arm: &&ArmEstimate| Some(&arm.model) == logged.arm.as_ref();
        let Some(paid) = logged.arms.iter().find(called).and_then(|arm| arm.cost) else {
            return;
        };
        let kept_out = logged
            .arms
            .iter()
            .filter(|arm| arm.excluded == Some(Exclusion::Region))
            .filter_map(|arm| arm.cost)
            .min();
        let cheapest = kept_out.map_or(paid, |cost: Money| cost.min(paid));
        self.calls += 1;
        self.dearer += u64::from(cheapest < paid);
        self.paid += i128::from(paid.pico_usd());
        self.cheapest += i128::from(cheapest.pico_usd());
    }
}

/// Reckons it for a period and prints it.
///
/// # Errors
///
/// When the ledger cannot be read, or nobody was called.
pub(super) async fn run(
    (reader, since, until): (&LedgerReader, Timestamp, Timestamp),
    is_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut found = Found::default();
    reader
        .logged((since, until), |logged| found.add(&logged))
        .await?;
    if found.calls == 0 {
        bail!("no decision of this period called a model; choose a longer one with --since 90d");
    }
    let text = match is_json {
        true => format!("{:#}\n", found.json(since, until)),
        false => found.text(),
    };
    out.write_all(text.as_bytes())?;
    Ok(())
}

impl Found {
    fn text(&self) -> String {
        let mut text = format!("Reckoned: {ESTIMAND}\n\n");
        let more = self.paid - self.cheapest;
        for (name, pico) in [
            ("with the rule", self.paid),
            ("without it", self.cheapest),
            ("the rule costs at most", more),
        ] {
            let _ = writeln!(text, "{name:<24}{:>16} USD", Money::format_pico(pico, 6));
        }
        let _ = writeln!(
            text,
            "\nIt kept a cheaper model out at {} of {} decisions that called one. Answers of another model may \
             be worse or better: that is not in it.",
            self.dearer, self.calls
        );
        text
    }

    fn json(&self, since: Timestamp, until: Timestamp) -> serde_json::Value {
        let usd = |pico| Money::format_pico(pico, 6);
        json!({
            "version": 1,
            "estimand": ESTIMAND,
            "period": {"since": super::day(since), "until": super::day(until)},
            "calls": self.calls,
            "dearer": self.dearer,
            "expected_usd": usd(self.paid),
            "without_regions_usd": usd(self.cheapest),
            "price_usd": usd(self.paid - self.cheapest),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::simulate::tests::simulate_at;
    use crate::domain::{DecisionRow, LedgerEvent, ModelId, Tier};
    use crate::ledger::Ledger;
    use crate::ledger::tests::rows;

    /// A decision that calls a model of ten micro-USD, with another one that is kept out.
    fn decision(n: u128, other: i64, excluded: Exclusion) -> LedgerEvent {
        let arm = |model: &str, micro_usd: i64, excluded| ArmEstimate {
            model: ModelId::new(model),
            tier: Tier::OpenSource,
            p_accept: None,
            kept_chars: None,
            cost: Some(Money::from_pico_usd(micro_usd * 1_000_000)),
            latency_ms: None,
            propensity: None,
            excluded,
        };
        LedgerEvent::Decision(Box::new(DecisionRow {
            arms: vec![arm("near", 10, None), arm("far", other, Some(excluded))],
            ..rows::decision(n, Some(("near", Tier::OpenSource)))
        }))
    }

    #[tokio::test]
    async fn the_rule_costs_what_a_model_elsewhere_would_have_saved() {
        let folder = tempfile::tempdir().expect("a folder");
        let ledger = Ledger::open(&folder.path().join("ledger.db")).await;
        let ledger = ledger.expect("a ledger");
        let events = [
            decision(1, 4, Exclusion::Region),
            // Dearer, or out for another reason: no price of the rule.
            decision(2, 30, Exclusion::Region),
            decision(3, 1, Exclusion::Unhealthy),
        ];
        for event in events {
            ledger.record_and_wait(event).await.expect("it is written");
        }
        ledger.close().await;
        let (said, result) = simulate_at(&folder, &["--without-regions", "--json"]).await;
        result.expect("there are calls");
        let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
        assert_eq!((&said["calls"], &said["dearer"]), (&json!(3), &json!(1)));
        assert_eq!(said["expected_usd"], "0.000030");
        assert_eq!(said["price_usd"], "0.000006");
        let (text, _) = simulate_at(&folder, &["--without-regions"]).await;
        assert!(text.contains("out at 1 of 3 decisions"), "{text}");
    }
}
