//! `mantle models`: which models are configured, and what each of them answers.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;

use secrecy::SecretString;

use super::{Command, WrongUse};
use crate::config::{Keyring, Keys, Settings};
use crate::domain::{
    BillingBasis, CallOutcome, CallRow, KeyPlace, ModelSpec, Money, Origin, Policy, PriceSource,
    Region,
};
use crate::engine::{Clock, Engine, Setup, Trial};

/// What is wanted of the models.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum ModelsArgs {
    /// List the configured models; nobody is asked.
    List,
    /// Store the key of a model in the system's keyring; it is read from standard input.
    #[command(
        after_help = "In the configuration: api_key = { keyring = \"NAME\" }. The key is one line, and is shown \
        nowhere: `mantle models key codestral < key.txt`, or typed."
    )]
    Key {
        /// Its name in the keyring.
        name: String,
        /// Delete it instead.
        #[arg(long)]
        forget: bool,
    },
    /// Ask each model for one completion: time, speed, cost, and whether it uses the text after the
    /// cursor. What it costs is on the ledger.
    Test {
        /// Ids of the models to ask; all of them by default.
        models: Vec<String>,
    },
}

pub async fn run(
    args: &ModelsArgs,
    command: &Command,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    match args {
        ModelsArgs::Key { name, forget } => key(name, *forget, out),
        ModelsArgs::List => {
            let models = configured(command, out)?.models;
            let keys = Keys::of(command.environment.clone());
            let has_key = |place: &KeyPlace| keys.find(place).is_ok();
            for model in &models {
                writeln!(out, "{}", listed(model, &has_key))?;
            }
            Ok(ExitCode::SUCCESS)
        }
        ModelsArgs::Test { models: wanted } => {
            let settings = configured(command, out)?;
            if settings.models.is_empty() {
                return Ok(ExitCode::SUCCESS);
            }
            let chosen = choose(settings.models.clone(), wanted)?;
            let mut all_answered = true;
            for model in chosen {
                writeln!(out, "{} ({}, {})", model.id, model.protocol, model.base_url)?;
                let trial = try_model(command, &settings, &model).await;
                all_answered &= trial.text.is_some();
                for line in told(&trial) {
                    writeln!(out, "  {line}")?;
                }
            }
            Ok(if all_answered {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}

/// Reads the configuration and says what is wrong with it, or that it has no model.
fn configured(command: &Command, out: &mut dyn Write) -> anyhow::Result<Settings> {
    let loaded = command.load();
    for complaint in &loaded.complaints {
        eprintln!("mantle: {complaint}");
    }
    if loaded.settings.models.is_empty() {
        writeln!(
            out,
            "No model over the network is configured; `mantle init` looks for servers on this machine."
        )?;
    }
    Ok(loaded.settings)
}

/// Takes a key into the system's keyring, or out of it.
fn key(name: &str, forget: bool, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    let keyring = Keyring::open()?;
    if forget {
        keyring.forget(name)?;
        writeln!(out, "The keyring's {name} is deleted.")?;
        return Ok(ExitCode::SUCCESS);
    }
    let typed = if std::io::stdin().is_terminal() {
        rpassword::prompt_password(format!("The key {name} (it is not shown): "))?
    } else {
        let mut line = String::new();
        std::io::stdin().read_line(&mut line)?;
        line
    };
    let typed = typed.trim();
    if typed.is_empty() {
        let sentence = "there is no key in the first line of standard input".to_owned();
        return Err(WrongUse(sentence).into());
    }
    keyring.store(name, &SecretString::from(typed))?;
    writeln!(
        out,
        "The keyring has it. In the configuration: api_key = {{ keyring = \"{name}\" }}"
    )?;
    Ok(ExitCode::SUCCESS)
}

fn choose(models: Vec<ModelSpec>, wanted: &[String]) -> anyhow::Result<Vec<ModelSpec>> {
    let is_known = |id: &&String| models.iter().any(|model| model.id.as_str() == id.as_str());
    if let Some(unknown) = wanted.iter().find(|id| !is_known(id)) {
        let known: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        let sentence = format!(
            "no model is called `{unknown}`; there are {}",
            known.join(", ")
        );
        return Err(WrongUse(sentence).into());
    }
    let is_wanted =
        |model: &ModelSpec| wanted.is_empty() || wanted.iter().any(|id| id == model.id.as_str());
    Ok(models.into_iter().filter(is_wanted).collect())
}

/// Asks one model in an engine of its own, in which nobody else can answer.
async fn try_model(command: &Command, settings: &Settings, model: &ModelSpec) -> Trial {
    let environment = command.environment.clone();
    let user = environment.user().map(str::to_owned);
    let engine = Arc::new(Engine::new(Setup {
        policy: Policy {
            pin: Some(model.id.clone()),
            embedded: false,
            ..settings.policy.clone()
        },
        models: vec![model.clone()],
        prices: settings.prices.clone(),
        network: settings.network.clone(),
        key_of: Box::new(Keys::of(environment).source()),
        ledger: command.paths.ledger(),
        cache: command.paths.cache.clone(),
        origin: Origin::Cli,
        client: Some("mantle models test".to_owned()),
        user,
        roots: Vec::new(),
        // There is no workspace to learn.
        index_memory: 8 * 1024 * 1024,
        dependencies: None,
        clock: Clock::system(),
    }));
    engine.open_book().await;
    engine.read_spending().await;
    let trial = engine.try_pinned_model().await;
    engine.close().await;
    trial
}

fn listed(model: &ModelSpec, has_key: &dyn Fn(&KeyPlace) -> bool) -> String {
    let region = model
        .region
        .as_ref()
        .map_or("unknown region", Region::as_str);
    let price = match &model.price {
        PriceSource::Book(key) => format!("price {key}"),
        PriceSource::Own(_) => "own price".to_owned(),
        PriceSource::Free => "free".to_owned(),
        PriceSource::Pool(pool) => format!("paid by the hour of the pool {pool}"),
        PriceSource::Unknown => "no price, so it is never called".to_owned(),
    };
    let key = match &model.api_key {
        None => String::new(),
        Some(place) if has_key(place) => format!(", key from {place}"),
        Some(place) => format!(", no key in {place}"),
    };
    let ModelSpec {
        id,
        tier,
        protocol,
        base_url,
        model: name,
        ..
    } = model;
    format!("{id}: {name} at {base_url} ({protocol}, {tier}), {region}, {price}{key}")
}

/// Says what came of a trial.
fn told(trial: &Trial) -> Vec<String> {
    let mut lines = Vec::new();
    // A call that was refused, or never made, has nothing to be measured.
    let answered = trial.call.as_ref();
    if let Some(call) = answered.filter(|call| call.usage.output_total.is_some()) {
        lines.push(time_of(call, trial.tokens_per_second()));
        lines.push(cost_of(call));
    }
    match trial.has_used_suffix() {
        Some(true) => lines.push("the text after the cursor is used".to_owned()),
        Some(false) => lines.push(
            "the text after the cursor was not used: what only that names is not in the answer"
                .to_owned(),
        ),
        None => lines.extend(trial.steps.iter().cloned()),
    }
    lines
}

fn time_of(call: &CallRow, speed: Option<f64>) -> String {
    let first = call.first_token_ms.map_or_else(
        || "no text".to_owned(),
        |millis| format!("first token after {millis} ms"),
    );
    let speed = speed.map_or_else(String::new, |speed| {
        format!(", {speed:.0} tokens per second")
    });
    let end = match call.outcome {
        CallOutcome::Done | CallOutcome::Early => "done",
        _ => "over",
    };
    format!("{first}{speed}, {end} after {} ms", call.duration_ms)
}

fn cost_of(call: &CallRow) -> String {
    let count = |tokens: Option<crate::domain::TokenCount>| {
        tokens.map_or_else(|| "?".to_owned(), |tokens| tokens.get().to_string())
    };
    let known = match call.basis {
        BillingBasis::Reported => "as the provider counts",
        _ => "estimated in part",
    };
    let cost = call.cost.map_or_else(
        || "unknown cost".to_owned(),
        |cost| format!("${}", Money::format_pico(i128::from(cost.pico_usd()), 9)),
    );
    let (input, output) = (
        count(call.usage.input_total),
        count(call.usage.output_total),
    );
    format!("{cost} for {input} tokens in and {output} out, {known}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn specs(ids: &[&str]) -> Vec<ModelSpec> {
        let toml: String = ids
            .iter()
            .map(|id| {
                format!(
                    "[[models]]\nid = \"{id}\"\ntier = \"premium\"\nprotocol = \"anthropic\"\n\
                     base_url = \"https://api.example\"\nmodel = \"claude\"\n\
                     api_key = {{ env = \"SOME_KEY\" }}\nregion = \"eu\"\nprice = \"a/b\"\n"
                )
            })
            .collect();
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        std::fs::write(&file, toml).expect("writable");
        let layers = crate::config::Layers {
            user: Some(file),
            ..crate::config::Layers::default()
        };
        crate::config::load(&layers).settings.models
    }

    #[test]
    fn a_model_is_listed_with_all_that_decides_whether_it_is_called() {
        let models = specs(&["m"]);
        let line = "m: claude at https://api.example (anthropic, premium), eu, price a/b";
        assert_eq!(
            listed(&models[0], &|_| true),
            format!("{line}, key from SOME_KEY")
        );
        assert_eq!(
            listed(&models[0], &|_| false),
            format!("{line}, no key in SOME_KEY")
        );
    }

    #[test]
    fn models_are_chosen_by_name_and_a_wrong_name_is_wrong_use() {
        let chosen = choose(specs(&["a", "b"]), &["b".to_owned()]).expect("it is there");
        assert_eq!(chosen.len(), 1);
        assert_eq!(chosen[0].id.as_str(), "b");
        let error = choose(specs(&["a", "b"]), &["c".to_owned()]).expect_err("no such model");
        assert!(error.is::<WrongUse>());
        assert!(error.to_string().contains("there are a, b"), "{error}");
    }
}
