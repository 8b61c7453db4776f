//! The rules and the models as the configuration has them now.
//!
//! A request works with one roster from its beginning to its end, so that a change of the
//! configuration never meets it half-way: the calls that run go on under the rules they began
//! under, and what is asked from then on is decided by the new ones. A model that stays as it was
//! keeps its health.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use tokio::sync::Semaphore;

use super::arm::{ArmModel, CALLS_PER_HOST};
use super::{Engine, KeySource};
use crate::domain::{KeyPlace, ModelId, ModelSpec, Network, Policy};
use crate::models::Clients;
use crate::prices::Prices;

/// Rules and models that belong together.
pub struct Roster {
    pub policy: Policy,
    /// The book that calls are priced from.
    pub prices: Prices,
    /// How its models reach their hosts.
    pub clients: Clients,
    pub arms: Vec<Arc<ArmModel>>,
}

impl Roster {
    /// Returns the model of a name.
    pub fn arm(&self, model: &ModelId) -> Option<&Arc<ArmModel>> {
        self.arms.iter().find(|arm| arm.spec.id == *model)
    }

    /// Returns whether the embedded model may be asked.
    pub const fn asks_embedded(&self) -> bool {
        self.policy.embedded && self.policy.pin.is_none()
    }
}

/// The roster of now, and what another one is made with.
pub struct Rosters {
    now: RwLock<Arc<Roster>>,
    key_of: KeySource,
    slots: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Rosters {
    pub fn new(key_of: KeySource, network: Network) -> Self {
        let none = Roster {
            policy: Policy::default(),
            prices: Prices::default(),
            clients: Clients::through(network),
            arms: Vec::new(),
        };
        Self {
            now: RwLock::new(Arc::new(none)),
            key_of,
            slots: Mutex::default(),
        }
    }

    pub fn now(&self) -> Arc<Roster> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn put(
        &self,
        (policy, prices): (Policy, Prices),
        clients: Clients,
        arms: Vec<Arc<ArmModel>>,
    ) {
        let roster = Arc::new(Roster {
            policy,
            prices,
            clients,
            arms,
        });
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = roster;
    }

    /// Makes the models of these specs; one that is there already, and is reached in the same way,
    /// is taken as it is.
    pub fn arms_of(
        &self,
        models: Vec<ModelSpec>,
        prices: &Prices,
        clients: &Clients,
    ) -> Vec<Arc<ArmModel>> {
        let known = self.now();
        let is_same = known.prices == *prices && known.clients.network() == clients.network();
        let models = models.into_iter();
        models
            .map(|spec| match known.arm(&spec.id) {
                Some(arm) if is_same && arm.spec == spec => Arc::clone(arm),
                _ => self.arm_of(spec, prices, clients),
            })
            .collect()
    }

    fn arm_of(&self, spec: ModelSpec, prices: &Prices, clients: &Clients) -> Arc<ArmModel> {
        let slots = self.slots_of(spec.host());
        let prices = prices.clone();
        Arc::new(ArmModel::new(spec, prices, &self.key_of, clients, slots))
    }

    fn slots_of(&self, host: &str) -> Arc<Semaphore> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let of_host = slots.entry(host.to_owned());
        Arc::clone(of_host.or_insert_with(|| Arc::new(Semaphore::new(CALLS_PER_HOST))))
    }
}

impl Engine {
    /// Returns the rules and models as they are now.
    pub(super) fn roster(&self) -> Arc<Roster> {
        self.rosters.now()
    }

    /// Puts other rules, prices and models in place of those that were there, and another way to
    /// reach them, from the next request on. Returns whether anything is other than before.
    ///
    /// Through another network every model begins with a clean bill of health: what failed before
    /// may have been the way to it.
    pub fn configure(
        &self,
        rules: (Policy, Prices),
        network: Network,
        models: Vec<ModelSpec>,
    ) -> bool {
        let (policy, prices) = &rules;
        let before = self.roster();
        let same_network = *before.clients.network() == network;
        let same_models = before.arms.len() == models.len()
            && before
                .arms
                .iter()
                .zip(&models)
                .all(|(arm, spec)| arm.spec == *spec);
        if same_models && same_network && before.policy == *policy && before.prices == *prices {
            return false;
        }
        // Open connections are worth keeping, except those that lead another way.
        let clients = match same_network {
            true => before.clients.clone(),
            false => Clients::through(network),
        };
        let arms = self.rosters.arms_of(models, prices, &clients);
        tracing::info!(models = arms.len(), policy = %policy.id, "the configuration has changed");
        self.begin_with(rules, clients, arms);
        true
    }

    /// Returns where the models of now have their keys.
    pub fn key_places(&self) -> Vec<KeyPlace> {
        let arms = &self.roster().arms;
        let places = arms.iter().filter_map(|arm| arm.spec.api_key.clone());
        places.collect()
    }

    /// Looks once more for the keys that were not there.
    pub fn look_for_keys(&self) {
        let now = self.roster();
        if now.arms.iter().all(|arm| arm.key.is_ok()) {
            return;
        }
        let (prices, clients) = (&now.prices, &now.clients);
        let arms = now.arms.iter().map(|arm| match arm.key {
            Ok(()) => Arc::clone(arm),
            Err(_) => self.rosters.arm_of(arm.spec.clone(), prices, clients),
        });
        let rules = (now.policy.clone(), prices.clone());
        self.rosters.put(rules, clients.clone(), arms.collect());
    }

    /// Puts rules, prices and models in place, whatever was there.
    pub(super) fn begin_with(
        &self,
        rules: (Policy, Prices),
        clients: Clients,
        arms: Vec<Arc<ArmModel>>,
    ) {
        self.rosters.put(rules, clients, arms);
        let roster = self.roster();
        let met = roster.arms.iter().map(|arm| &arm.spec);
        self.learnt
            .meet(met.map(|spec| (&spec.id, spec.model.as_str())));
        self.teach_who_is_new();
    }

    /// Lets those learn from the workspace who are asked now and were not before.
    fn teach_who_is_new(&self) {
        let roster = self.roster();
        let mut is_new = false;
        if roster.policy.embedded {
            is_new |= self.index.teach(&self.embedded);
        }
        // Only prompts show other files, and only models over the network have prompts.
        if !roster.arms.is_empty() {
            is_new |= self.index.teach(&self.library);
        }
        if is_new {
            self.index.begin_again();
        }
    }
}
