//! A decision on the ledger, and kept to be explained.

use std::sync::Arc;

use super::complete::Decided;
use super::explain::Explanation;
use super::{Engine, shadow};
use crate::context::Context;
use crate::domain::{
    Action, CompletionId, DecisionId, DecisionRow, LedgerEvent, ModelId, Money, Prompt, Reason,
};

impl Engine {
    pub(super) fn record_decision(
        &self,
        decided: &Decided,
        id: DecisionId,
        parent: Option<DecisionId>,
        step: u16,
        arm: Option<ModelId>,
        reason: Reason,
    ) {
        let decision = &decided.decision;
        let odds = decision.odds.as_ref();
        let estimate = arm
            .as_ref()
            .and_then(|arm| decision.arms.iter().find(|known| known.model == *arm));
        if let Some(arm) = arm.as_ref().filter(|arm| **arm != ModelId::embedded()) {
            let worst = estimate.and_then(|estimate| estimate.cost);
            self.learnt.remember(id, (arm, worst), &decided.features);
        }
        let action = match &arm {
            Some(arm) if *arm == ModelId::embedded() => Action::Embedded,
            Some(_) => Action::Call,
            None => decision.action,
        };
        let cost = estimate.and_then(|estimate| estimate.cost);
        let expected_cost = cost.unwrap_or(Money::ZERO);
        let policy = &decided.roster.policy;
        let event = LedgerEvent::Decision(Box::new(DecisionRow {
            id,
            parent,
            step,
            history_hash: None,
            completion: decided.request.id,
            episode: Some(decided.episode),
            burst: decided.burst,
            who: self.who(),
            origin: self.origin,
            trigger: decided.request.trigger,
            document_version: Some(decided.snapshot.version),
            language: decided.features.language.clone(),
            site: decided.features.site,
            arms: decision.arms.clone(),
            action,
            tier: estimate.map(|estimate| estimate.tier),
            expected_cost,
            arm,
            reason,
            propensity: match parent {
                None => decision.propensity,
                Some(_) if reason == Reason::Shadow => shadow::propensity(decision),
                // What comes after a failure is decided by it, and by no chance.
                Some(_) => 1.0,
            },
            epsilon: odds.map(|odds| odds.epsilon),
            // The bits of the seed; the ledger knows no unsigned numbers.
            seed: odds.map(|odds| odds.seed.cast_signed()),
            lambda: odds.map(|odds| odds.lambda),
            value_per_char: odds.map(|odds| odds.value_per_char),
            budget_lease: policy
                .allowance
                .is_limited()
                .then(|| self.leases.name().to_owned()),
            policy: policy.id.clone(),
            posterior: odds.map(|_| self.learnt.name()),
            price_snapshot: Some(decided.roster.prices.snapshot_id().to_owned()),
            feature_hash: odds.map(|odds| odds.feature_hash.clone()),
            features: Some(decided.features.clone()),
            at: decided.request.received,
        }));
        if action == Action::Call && expected_cost > Money::ZERO {
            self.book.note(&event);
        }
        self.book.record(event);
    }

    pub(super) fn explain(&self, decided: &Decided, prompt: Option<Prompt>, steps: Vec<String>) {
        self.explanations.insert(Explanation {
            id: decided.request.id,
            decision: decided.decision.clone(),
            features: decided.features.clone(),
            context: decided.described.clone(),
            embedded: decided.considered.clone(),
            related: if prompt.is_some() {
                self.gathered_for(&decided.request.document)
            } else {
                Arc::from([])
            },
            prompt,
            steps,
        });
    }

    /// Returns everything about an answer of this session, or about the lack of one.
    #[must_use]
    pub fn explanation(&self, id: CompletionId) -> Option<Explanation> {
        self.explanations.get(id)
    }
}

/// Shows what was collected: the heads that enclose the cursor, and the lines around it.
pub(super) fn describe(context: &Context) -> String {
    let mut shown = format!(
        "  {} ({}, {})\n",
        context.path, context.language, context.site
    );
    for head in &context.enclosing {
        shown.extend(head.text.lines().map(|line| format!("  in │ {line}\n")));
    }
    let before: Vec<&str> = context.prefix.lines().rev().take(6).collect();
    shown.extend(before.iter().rev().map(|line| format!("     │ {line}\n")));
    shown.push_str("     ▲ cursor at the end of the line above\n");
    shown.extend(
        context
            .suffix
            .lines()
            .take(4)
            .map(|line| format!("     │ {line}\n")),
    );
    shown.truncate(shown.trim_end().len());
    shown
}
