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
            let spend = || {
                let spend = volumes.spend.iter();
                spend.map(|(arm, cost)| (arm, cost.pico_usd() as f64 / 1e12))
            };
            if let Some(share) = caps.host {
                let host = |arm: &ArmModel| Some(arm.spec.host().to_owned());
                keep(&mut within, roster, (share, CAP_FROM, 1.0), host, offers());
            }
            if let Some(share) = caps.lab {
                let lab = |arm: &ArmModel| Some(arm.spec.lab().to_owned());
                keep(&mut within, roster, (share, CAP_FROM, 1.0), lab, offers());
            }
            if let Some(share) = caps.spend {
                // What costs nothing takes no share of it.
                let host = |arm: &ArmModel| (!arm.is_free()).then(|| arm.spec.host().to_owned());
                let cap = (share, SPEND_CAP_FROM, 0.0);
                keep(&mut within, roster, cap, host, spend());
            }
        });
        within
    }
}

/// Takes out the models whose supplier may not have `more`, by what each arm has had.
fn keep<'v>(
    within: &mut [bool],
    roster: &Roster,
    (share, from, more): (Ppm, f64, f64),
    supplier_of: impl Fn(&ArmModel) -> Option<String>,
    volumes: impl Iterator<Item = (&'v ModelId, f64)>,
) {
    // Whether enough suppliers are there was asked when the configuration was read.
    let Ok(cap) = Cap::new(share.fraction(), from, usize::MAX) else {
        return;
    };
    let suppliers: Vec<Option<String>> = roster.arms.iter().map(|arm| supplier_of(arm)).collect();
    let mut had: BTreeMap<&str, f64> = BTreeMap::new();
    for supplier in suppliers.iter().flatten() {
        had.entry(supplier).or_default();
    }
    let mut of_all = 0.0;
    for (model, volume) in volumes {
        of_all += volume;
        let known = roster.arms.iter().position(|arm| arm.spec.id == *model);
        if let Some(supplier) = known.and_then(|arm| suppliers[arm].as_deref()) {
            *had.entry(supplier).or_default() += volume;
        }
    }
    let least = had.values().copied().fold(f64::INFINITY, f64::min);
    for (within, supplier) in within.iter_mut().zip(&suppliers) {
        let Some(of_supplier) = supplier.as_deref().and_then(|name| had.get(name).copied()) else {
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
