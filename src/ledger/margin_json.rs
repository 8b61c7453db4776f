//! The margin in JSON, part of the report's contract of version 1: amounts are texts in dollars,
//! with six places, unit costs with nine; shares are fractions; unknown is `null`.

use serde_json::{Value, json};

use super::increment::Increment;
use super::jaggedness::{Cell, Jaggedness};
use super::margin::{CorrectionLine, Generation, Margin, MeteredLine, PerUnit, PoolLine, Share};
use super::traffic::ShadowCost;
use crate::domain::{MicroUsd, Money, Timestamp};

pub(super) fn of(margin: &Margin) -> Value {
    let savings = &margin.savings;
    json!({
        "revenue": margin.earned.as_ref().map(|earned| json!({
            "seats_usd": earned.seats.to_string(),
            "overage_usd": earned.overage.to_string(),
            "prepaid_usd": earned.prepaid.to_string(),
            "breakage_usd": earned.breakage.to_string(),
            "credit_notes_usd": earned.credit_notes.to_string(),
            "net_usd": earned.net().to_string(),
            "deferred_usd": earned.deferred.to_string(),
            "seats_average": (earned.seats_milli != 0).then(|| thousandths(earned.seats_milli)),
        })),
        "committed": {
            "pools": margin.pools.iter().map(pool).collect::<Vec<_>>(),
            "other": margin.costs.iter()
                .map(|line| json!({ "name": line.name, "cost_usd": line.cost.to_string() }))
                .collect::<Vec<_>>(),
            "cost_usd": margin.committed_cost().to_string(),
        },
        "metered": {
            "models": margin.metered.iter().map(metered).collect::<Vec<_>>(),
            "cost_usd": margin.is_cost_known.then(|| text(margin.metered_cost())),
        },
        "corrections": margin.corrections.iter().map(correction).collect::<Vec<_>>(),
        "correction_usd": margin.correction_cost().to_string(),
        "inference_cost_usd": margin.inference_cost().to_string(),
        "cost_usd": margin.cost().to_string(),
        "gross_profit_usd": margin.gross_profit().map(text),
        "gross_margin": fraction(margin.margin_ppm()),
        "unit_costs": {
            "loaded": per_unit(&margin.units.loaded),
            "metered": per_unit(&margin.units.metered),
            "per_call_usd": nano(margin.units.call),
        },
        "per_seat": margin.units.seat.map(|seat| json!({
            "revenue_usd": seat.revenue.to_string(),
            "cost_usd": seat.cost.to_string(),
            "contribution_usd": seat.contribution().to_string(),
        })),
        "seats": margin.seats.as_ref().map(|seats| json!({
            "seats": seats.seats,
            "contribution_p50_usd": seats.p50.to_string(),
            "contribution_p90_usd": seats.p90.to_string(),
            "contribution_p99_usd": seats.p99.to_string(),
            "below_zero": fraction(Some(seats.below_zero_ppm)),
        })),
        "savings": {
            "prompt_cache_usd": savings.prompt_cache.map(text),
            "answer_cache_usd": savings.answer_cache.map(text),
            "answer_cache_loaded_usd": savings.answer_cache_loaded.map(text),
            "suppression_usd": savings.suppression.map(text),
            "suppression_loaded_usd": savings.suppression_loaded.map(text),
            "routing_usd": savings.routing.as_ref().map(|routing| text(routing.saved)),
            "routing_against": savings.routing.as_ref().map(|routing| &routing.model),
        },
        "waste": {
            "cancelled_usd": savings.cancelled.to_string(),
            "failed_usd": savings.failed.to_string(),
        },
        "make_or_buy": margin.make_or_buy.as_ref().map(|choice| json!({
            "model": choice.model,
            "per_call_usd": Money::format_pico(choice.pico_per_call, 12),
            "requests": choice.requests,
            "made_usd": choice.made.to_string(),
            "bought_usd": choice.bought.to_string(),
            "premium_usd": choice.premium().to_string(),
            "break_even_requests": choice.break_even_requests.map(whole),
            "generations": choice.generations.iter().map(generation).collect::<Vec<_>>(),
        })),
        "concentration": {
            "suppliers": margin.concentration.suppliers.iter().map(share).collect::<Vec<_>>(),
            "labs": margin.concentration.by_lab.iter().map(share).collect::<Vec<_>>(),
            "hhi_spend": margin.concentration.spend.map(whole),
            "hhi_metered_spend": margin.concentration.metered_spend.map(whole),
            "hhi_calls": margin.concentration.calls.map(whole),
            "hhi_labs": margin.concentration.labs.map(whole),
        },
        "scenarios": margin.scenarios.iter()
            .map(|scenario| json!({
                "name": scenario.name,
                "cost_usd": scenario.cost.to_string(),
                "gross_margin": fraction(scenario.margin_ppm),
            }))
            .collect::<Vec<_>>(),
        "margin_at_risk": margin.at_risk.as_ref().map(|risk| json!({
            "days": risk.days,
            "cost_usd": risk.cost.to_string(),
            "gross_margin": fraction(Some(risk.margin_ppm)),
            "at_risk": fraction(Some(risk.at_risk_ppm)),
        })),
        "announced": margin.announced.iter()
            .map(|change| json!({
                "price": change.price_id,
                "on": change.on.to_utc().date().to_string(),
                "extra_cost_usd": change.extra.to_string(),
                "gross_margin": fraction(change.margin_ppm),
            }))
            .collect::<Vec<_>>(),
        "remarks": margin.remarks,
    })
}

pub(super) fn increments(increments: &[Increment]) -> Value {
    let line = |increment: &Increment| {
        json!({
            "tier": increment.tier.as_str(),
            "requests": increment.requests,
            "cost_usd": increment.cost.map(text),
            "kept_chars": increment.kept_chars,
            "extra_kept_chars": increment.extra_chars.map(whole),
            "per_1000_extra_kept_chars_usd": nano(increment.per_thousand),
            "remark": increment.remark,
        })
    };
    increments.iter().map(line).collect()
}

/// Returns what was called beside the answers.
pub(super) fn shadow(shadow: ShadowCost) -> Value {
    json!({
        "calls": shadow.calls,
        "cost_usd": text(MicroUsd::rounded(shadow.cost.pico_usd().into())),
    })
}

pub(super) fn jaggedness(lines: &[Jaggedness]) -> Value {
    let cell = |cell: &Cell| {
        json!({
            "language": cell.language,
            "site": cell.site,
            "acceptance_rate": fraction(Some(cell.ppm)),
        })
    };
    let line = |line: &Jaggedness| {
        let spread = line.spread.as_ref();
        json!({
            "model": line.model,
            "cells": line.cells,
            "spread": fraction(spread.map(crate::ledger::Spread::ppm)),
            "deviation": fraction(spread.map(|spread| spread.deviation_ppm)),
            "lowest": spread.map(|spread| cell(&spread.lowest)),
            "highest": spread.map(|spread| cell(&spread.highest)),
        })
    };
    lines.iter().map(line).collect()
}

fn pool(pool: &PoolLine) -> Value {
    json!({
        "name": pool.name,
        "generation": pool.generation,
        "supplier": pool.supplier,
        "rent_usd": pool.rent.to_string(),
        "depreciation_usd": pool.depreciation.to_string(),
        "power_usd": pool.power.to_string(),
        "cost_usd": pool.total().to_string(),
        "utilisation": pool.utilisation_bp.map(|bp| f64::from(bp) / 10_000.0),
        "attributed_usd": pool.attributed().map(text),
        "idle_usd": pool.idle().map(text),
        "requests": pool.requests,
        "per_request_usd": nano(pool.loaded_nano()),
        "per_request_attributed_usd": nano(pool.attributed_nano()),
    })
}

fn generation(part: &Generation) -> Value {
    json!({
        "generation": part.generation,
        "made_usd": part.made.to_string(),
        "idle_usd": part.idle.map(text),
        "requests": part.requests,
        "bought_usd": part.bought.to_string(),
        "break_even_requests": part.break_even_requests.map(whole),
    })
}

fn share(share: &Share) -> Value {
    json!({
        "name": share.name,
        "spend_usd": MicroUsd::new(share.micro_usd).to_string(),
        "share": fraction(Some(share.ppm)),
    })
}

fn metered(line: &MeteredLine) -> Value {
    json!({
        "model": line.model,
        "tier": line.tier.as_str(),
        "supplier": line.supplier,
        "lab": line.lab,
        "calls": line.calls,
        "unpriced_calls": line.unpriced,
        "cost_usd": line.total().to_string(),
        "failed_usd": line.failed.to_string(),
        "cancelled_usd": line.cancelled.to_string(),
        "at_list_price": line.classes.map(|classes| json!({
            "input_usd": classes.input.to_string(),
            "cache_read_usd": classes.cache_read.to_string(),
            "cache_write_usd": classes.cache_write.to_string(),
            "output_usd": classes.output.to_string(),
        })),
        "prompt_cache_saving_usd": line.cache_saving.map(text),
    })
}

fn correction(line: &CorrectionLine) -> Value {
    let day = |at: Timestamp| at.to_utc().date().to_string();
    json!({
        "invoice": line.invoice,
        "model": line.model,
        "supplier": line.supplier,
        "since": day(line.since),
        "until": day(line.until),
        "factor_ppm": line.factor_ppm,
        "assumed_usd": line.assumed.to_string(),
        "correction_usd": line.extra.to_string(),
    })
}

fn per_unit(units: &PerUnit) -> Value {
    json!({
        "per_request_usd": nano(units.request),
        "per_offered_usd": nano(units.offered),
        "per_accepted_usd": nano(units.accepted),
        "per_retained_usd": nano(units.retained),
        "per_1000_retained_chars_usd": nano(units.thousand_chars),
    })
}

fn text(amount: MicroUsd) -> String {
    amount.to_string()
}

fn nano(nano: Option<i128>) -> Option<String> {
    nano.map(|nano| Money::format_pico(nano.saturating_mul(1_000), 9))
}

fn fraction(ppm: Option<i128>) -> Option<f64> {
    ppm.map(|ppm| ppm as f64 / 1e6)
}

fn thousandths(milli: i128) -> f64 {
    milli as f64 / 1e3
}

/// Counts fit; the limit only keeps nonsense from wrapping.
fn whole(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
