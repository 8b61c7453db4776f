//! The rules of routing: what may be spent, who may be asked, and how one of several is chosen.

use std::collections::BTreeSet;

use super::check::nearest;
use super::options::{Margin, Options, Routing};
use crate::domain::{Allowance, Caps, Choice, ModelId, ModelSpec, Money, Policy, Ppm, Region};
use crate::routing::{CAP_FROM, Cap};

/// More than this is no longer learning at the margin.
const MOST_SHADOW: f64 = 0.05;

/// Takes a complaint and what would be right.
type Complain<'c> = &'c mut dyn FnMut(String, Option<String>);

/// Returns the rules, with a name for this state of them.
pub(super) fn policy(
    options: &Options,
    models: &[ModelSpec],
    allowance: Allowance,
    complain: Complain<'_>,
) -> Policy {
    let pin = options.routing.pin.as_deref().map(ModelId::new);
    if let Some(pin) = pin
        .as_ref()
        .filter(|pin| !models.iter().any(|model| model.id == **pin))
    {
        let hint = nearest(pin.as_str(), models.iter().map(|model| model.id.as_str())).map_or_else(
            || "no such model is configured".to_owned(),
            |id| format!("did you mean `{id}`?"),
        );
        complain(format!("`routing.pin` is `{pin}`"), Some(hint));
    }
    let regions: Vec<Region> = options
        .privacy
        .regions
        .iter()
        .flatten()
        .map(|region| Region::new(region))
        .collect();
    let embedded = options.inhouse.enabled.unwrap_or(true);
    let shadow_share = shadow_share(&options.routing, &allowance, complain);
    let mut policy = Policy {
        id: String::new(),
        regions,
        pin,
        embedded,
        allowance,
        choice: choice(&options.routing, complain),
        caps: caps(&options.routing, (models, embedded), complain),
        quality_floor: options.routing.quality_floor.filter(|floor| *floor > 0),
        shadow_share,
        drill: None,
    };
    policy.id = policy_id(&policy, models);
    policy
}

fn choice(routing: &Routing, complain: Complain<'_>) -> Option<Choice> {
    let said = routing.choice.as_deref()?;
    let choice = Choice::from_name(said);
    if choice.is_none() {
        let names: Vec<&str> = Choice::ALL.iter().map(|choice| choice.as_str()).collect();
        complain(
            format!("`routing.choice` is `{said}`"),
            Some(format!("it is one of {}", names.join(", "))),
        );
    }
    choice
}

/// Reads the caps on one supplier. One that too few can keep would lock somebody out, so it is
/// refused here and not found out at work.
fn caps(
    routing: &Routing,
    (models, embedded): (&[ModelSpec], bool),
    complain: Complain<'_>,
) -> Caps {
    // The embedded model serves a share of its own, and nobody can take it away.
    let embedded = usize::from(embedded);
    let hosts: BTreeSet<&str> = models.iter().map(ModelSpec::host).collect();
    let labs: BTreeSet<&str> = models.iter().map(ModelSpec::lab).collect();
    let paid = models.iter().filter(|model| !model.price.is_free());
    let paid: BTreeSet<&str> = paid.map(ModelSpec::host).collect();
    let mut read = |key: &str, share: Option<f64>, suppliers: usize| {
        let share = share?;
        match Cap::new(share, CAP_FROM, suppliers) {
            // A cap of 1 limits nothing.
            Ok(_) => Ppm::from_fraction(share),
            Err(error) => {
                complain(format!("`routing.{key}`: {error}"), None);
                None
            }
        }
    };
    Caps {
        host: read("supplier_cap", routing.supplier_cap, hosts.len() + embedded),
        lab: read("lab_cap", routing.lab_cap, labs.len() + embedded),
        spend: read("spend_cap", routing.spend_cap, paid.len()),
    }
}

/// Reads how much of the ceiling goes into calls that are not shown.
fn shadow_share(routing: &Routing, allowance: &Allowance, complain: Complain<'_>) -> Option<Ppm> {
    let share = routing.shadow_share?;
    if !allowance.is_limited() {
        complain(
            "`routing.shadow_share` is a share of a ceiling, and there is none".to_owned(),
            Some("set `margin.own_budget` or `margin.target`".to_owned()),
        );
        return None;
    }
    if !(0.0..=MOST_SHADOW).contains(&share) {
        complain(
            format!("`routing.shadow_share` is {share}"),
            Some(format!(
                "it is a fraction of the ceiling from 0 to {MOST_SHADOW}, such as 0.005"
            )),
        );
        return None;
    }
    Ppm::from_fraction(share).filter(|share| share.get() > 0)
}

/// Reads what a month may cost. A budget that is no amount is one of zero: who wanted a limit must
/// not go without.
pub(super) fn allowance(
    margin: &Margin,
    complain: &mut dyn FnMut(String, Option<String>),
) -> Allowance {
    let target = margin.target.and_then(|target| {
        let share = Ppm::from_fraction(target);
        if share.is_none() {
            complain(
                format!("`margin.target` is {target}"),
                Some("it is a fraction below 1, such as 0.80".to_owned()),
            );
        }
        share
    });
    let mut amount = |key: &str, text: &Option<String>| match text.as_deref()?.parse::<Money>() {
        Ok(money) if money >= Money::ZERO => Some(Ok(money)),
        Ok(money) => {
            complain(
                format!("`{key}` is {money}"),
                Some("it is 0 or more".to_owned()),
            );
            Some(Err(()))
        }
        Err(error) => {
            complain(format!("`{key}`: {error}"), None);
            Some(Err(()))
        }
    };
    let seat_price = amount("margin.seat_price", &margin.seat_price).and_then(Result::ok);
    let own = amount("margin.own_budget", &margin.own_budget);
    let key = "margin.value_per_1000_chars";
    let per_thousand_chars = amount(key, &margin.value_per_1000_chars).and_then(Result::ok);
    let seats = margin.seats.filter(|seats| {
        if *seats == 0 {
            complain(
                "`margin.seats` is 0".to_owned(),
                Some("it is 1 or more".to_owned()),
            );
        }
        *seats > 0
    });
    Allowance {
        target,
        seat_price,
        seats,
        own: own.map(|own| own.unwrap_or(Money::ZERO)),
        per_thousand_chars,
    }
}

/// Names a state of rules and models, so that rows made under different ones are told apart, and
/// answers made under other ones are not given. Every field of both is in it; the log changes no
/// answer.
pub(super) fn policy_id(policy: &Policy, models: &[ModelSpec]) -> String {
    let described = format!("{policy:?}{models:?}");
    let hash = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, described.as_bytes());
    hash.simple().to_string()[..12].to_owned()
}

#[cfg(test)]
mod tests {
    use crate::config::settings::resolve;
    use crate::config::{Complaint, Options, Settings};
    use crate::domain::{Caps, Choice};

    fn read(toml: &str) -> (Settings, Vec<Complaint>) {
        let options: Options = toml::from_str(toml).expect("options");
        let mut complaints = Vec::new();
        let settings = resolve(&options, "c.toml", &mut complaints);
        (settings, complaints)
    }

    const MODEL: &str = "[[models]]\nid = \"m\"\ntier = \"premium\"\n\
                         protocol = \"openai-completions\"\nbase_url = \"https://models.example\"\n";

    #[test]
    fn a_cap_that_too_few_hosts_can_keep_is_refused_with_how_many_it_takes() {
        let (settings, complaints) = read(&format!("[routing]\nsupplier_cap = 0.3\n{MODEL}"));
        assert_eq!(settings.policy.caps, Caps::default());
        let said = &complaints[0].message;
        assert!(said.contains("needs 4 suppliers and there are 2"), "{said}");

        let (settings, complaints) = read(&format!("[routing]\nsupplier_cap = 0.6\n{MODEL}"));
        assert_eq!(
            settings.policy.caps.host.map(|cap| cap.get()),
            Some(600_000)
        );
        assert!(complaints.is_empty(), "{complaints:?}");
    }

    #[test]
    fn a_cap_on_spend_counts_who_is_paid_and_one_on_labs_who_has_made_the_models() {
        let other = MODEL.replace("\"m\"", "\"n\"").replace("models.", "other.");
        let local = other.replace("https://other.example", "http://127.0.0.1:9");
        let complaint = |toml: String| {
            let (_, complaints) = read(&toml);
            complaints
                .first()
                .map(|complaint| complaint.message.clone())
        };
        let spend = "[routing]\nspend_cap = 0.6\n";
        assert_eq!(complaint(format!("{spend}{MODEL}{other}")), None);
        // What runs on this machine is paid nothing, so it takes no share of what is.
        let said = complaint(format!("{spend}{MODEL}{local}")).expect("it is refused");
        assert!(said.starts_with("`routing.spend_cap`"), "{said}");
        assert!(said.contains("needs 2 suppliers and there are 1"), "{said}");
        // Two hosts of one lab, and the embedded model.
        let qwen = "model = \"qwen2.5-coder-7b\"\n";
        let labs = "[routing]\nlab_cap = 0.4\n";
        let said = complaint(format!("{labs}{MODEL}{qwen}{other}{qwen}"));
        let said = said.expect("it is refused");
        assert!(said.contains("needs 3 suppliers and there are 2"), "{said}");
        assert_eq!(complaint(format!("{labs}{MODEL}{qwen}{other}")), None);
    }

    #[test]
    fn a_share_for_shadow_calls_is_small() {
        let with =
            |share: &str, more: &str| read(&format!("[routing]\nshadow_share = {share}\n{more}"));
        let budget = "[margin]\nown_budget = \"5.00\"\n";
        let (settings, complaints) = with("0.005", budget);
        let share = settings.policy.shadow_share.map(|share| share.get());
        assert_eq!((share, complaints.len()), (Some(5_000), 0));
        for (wrong, more) in [("0.2", budget), ("-0.1", budget), ("0.005", "")] {
            let (settings, complaints) = with(wrong, more);
            assert_eq!(settings.policy.shadow_share, None);
            assert!(complaints[0].message.contains("shadow_share"));
        }
    }

    #[test]
    fn a_wrong_choice_lists_the_right_ones() {
        let (settings, complaints) = read("[routing]\nchoice = \"best\"\n");
        assert_eq!(settings.policy.choice, None);
        assert_eq!(
            complaints[0].hint.as_deref(),
            Some("it is one of value, cheapest")
        );
        let (settings, _) = read("[routing]\nchoice = \"cheapest\"\n");
        assert_eq!(settings.policy.choice, Some(Choice::Cheapest));
    }

    #[test]
    fn a_thousand_characters_have_a_price_of_zero_or_more() {
        let value = |text: &str| {
            let (settings, complaints) =
                read(&format!("[margin]\nvalue_per_1000_chars = \"{text}\"\n"));
            let value = settings.policy.allowance.per_thousand_chars;
            (value.map(|value| value.to_string()), complaints.len())
        };
        assert_eq!(value("0.50"), (Some("$0.500000".to_owned()), 0));
        assert_eq!(value("-1"), (None, 1));
        assert_eq!(value("much"), (None, 1));
    }
}
