//! How much of everything already hangs on one supplier.

use std::collections::BTreeMap;

use super::Engine;
use super::arm::ArmModel;
use super::roster::Roster;
use crate::domain::{ModelId, Ppm};
use crate::routing::{CAP_FROM, Cap, Volume};

/// From so much on a cap on spend holds, in USD: before that, one call more or less is a large share.
const SPEND_CAP_FROM: f64 = 1.0;

impl Engine {
    /// Returns of each model of a roster whether its suppliers may serve one answer more: its host
    /// and its lab among all suggestions, the embedded model's included, and its host among what
    /// calls have cost.
    pub(super) fn within_caps(&self, roster: &Roster) -> Vec<bool> {
        let caps = roster.policy.caps;
        let mut within = vec![true; roster.arms.len()];
        if !caps.are_set() {
            return within;
        }
        self.pace.with_volumes(|volumes| {
            let offers = || volumes.offers.iter().map(|(arm, n)| (arm, *n as f64));
            let mut keep = |cap: Option<Ppm>, supplier_of: SupplierOf| {
                let cap = cap.map(|share| (share, CAP_FROM, 1.0));
                keep_within(cap, (&mut within, roster), supplier_of, offers());
            };
            keep(caps.host, |arm| Some(arm.spec.host()));
            keep(caps.lab, |arm| Some(arm.spec.lab()));
            let spend = volumes.spend.iter();
            let spend = spend.map(|(arm, cost)| (arm, cost.pico_usd() as f64 / 1e12));
            let cap = caps.spend.map(|share| (share, SPEND_CAP_FROM, 0.0));
            // What costs nothing takes no share of it.
            let paid: SupplierOf = |arm| (!arm.is_free()).then(|| arm.spec.host());
            keep_within(cap, (&mut within, roster), paid, spend);
        });
        within
    }
}

/// Says on whom a model hangs; `None` where that does not count.
type SupplierOf = for<'a> fn(&'a ArmModel) -> Option<&'a str>;

/// Takes out the models whose supplier may not have `more`, by what each arm has had: a cap is a
/// share, the volume that it holds from, and how much more is asked for.
fn keep_within<'v>(
    cap: Option<(Ppm, f64, f64)>,
    (within, roster): (&mut [bool], &Roster),
    supplier_of: SupplierOf,
    volumes: impl Iterator<Item = (&'v ModelId, f64)>,
) {
    let Some((share, from, more)) = cap else {
        return;
    };
    // Whether enough suppliers are there was asked when the configuration was read.
    let Ok(cap) = Cap::new(share.fraction(), from, usize::MAX) else {
        return;
    };
    let suppliers: Vec<Option<&str>> = roster.arms.iter().map(|arm| supplier_of(arm)).collect();
    let mut had: BTreeMap<&str, f64> = BTreeMap::new();
    for supplier in suppliers.iter().copied().flatten() {
        had.entry(supplier).or_default();
    }
    let mut of_all = 0.0;
    for (model, volume) in volumes {
        of_all += volume;
        let known = roster.arms.iter().position(|arm| arm.spec.id == *model);
        if let Some(supplier) = known.and_then(|arm| suppliers[arm]) {
            *had.entry(supplier).or_default() += volume;
        }
    }
    let least = had.values().copied().fold(f64::INFINITY, f64::min);
    for (within, supplier) in within.iter_mut().zip(&suppliers) {
        let Some(of_supplier) = supplier.and_then(|name| had.get(name).copied()) else {
            continue;
        };
        let volume = Volume {
            of_supplier,
            of_all,
            is_least: of_supplier <= least,
        };
        *within &= cap.admits(volume, more);
    }
}
