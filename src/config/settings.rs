//! What the options mean: complete, valid, and free of text that would need checking again.

use std::time::Duration;

use super::check::Complaint;
use super::options::{Model, Options, Price};
use super::rules;
use crate::domain::{
    Drill, FimTemplate, KeyPlace, ModelId, ModelSpec, Network, Policy, PricePerMTok, PriceSource,
    Protocol, Rates, Region, Tier, known_region,
};
use crate::prices::Prices;

/// Everything that the faces hand on, each part its slice.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The rules of routing.
    pub policy: Policy,
    /// The models over the network, in the order in which they were named.
    pub models: Vec<ModelSpec>,
    /// The book that their prices are looked up in.
    pub prices: Prices,
    /// How models are reached.
    pub network: Network,
    /// Memory that the index of the workspace may take, in bytes.
    pub index_memory: usize,
    /// Whether it takes in the dependencies that are on disk.
    pub index_dependencies: bool,
    /// The level of the log.
    pub log_level: tracing::Level,
}

/// What the index may take where nobody says otherwise, in MiB.
pub(super) const INDEX_MEMORY: u32 = 256;
/// What it may be given, in MiB: with less it would know next to nothing.
const INDEX_MEMORY_RANGE: std::ops::RangeInclusive<u32> = 8..=65_536;

/// Why one model cannot be used as it is written.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SettingsError {
    /// A required key is absent.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A value is not one of a few names.
    #[error("`{key}` is `{value}`")]
    Unknown {
        /// The key.
        key: &'static str,
        /// What was written.
        value: String,
        /// What would be right.
        hint: String,
    },
}

impl SettingsError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(_) => Some("id, tier, protocol and base_url are required".to_owned()),
            Self::Unknown { hint, .. } => Some(hint.clone()),
        }
    }
}

impl Settings {
    /// Puts a drill in force, or ends the one that was: the rules have another name then.
    pub(super) fn put_drill(&mut self, drill: Option<Drill>) {
        if self.policy.drill != drill {
            self.policy.drill = drill;
            self.policy.id = rules::policy_id(&self.policy, &self.models);
        }
    }
}

pub(super) fn resolve(options: &Options, place: &str, complaints: &mut Vec<Complaint>) -> Settings {
    let mut complain = |message: String, hint: Option<String>| {
        complaints.push(Complaint {
            place: place.to_owned(),
            line: None,
            message,
            hint,
        });
    };

    let allowance = rules::allowance(&options.margin, &mut complain);
    let index_memory = options.index.max_memory_mb.unwrap_or(INDEX_MEMORY);
    let (least, most) = INDEX_MEMORY_RANGE.into_inner();
    if !INDEX_MEMORY_RANGE.contains(&index_memory) {
        complain(
            format!("`index.max_memory_mb` is {index_memory}"),
            Some(format!("it is between {least} and {most}")),
        );
    }
    let index_memory = index_memory.clamp(least, most) as usize * 1024 * 1024;
    let log_level = options
        .log
        .level
        .as_deref()
        .map_or(Ok(tracing::Level::INFO), str::parse);
    let log_level = log_level.unwrap_or_else(|_| {
        complain(
            "`log.level` is not a level".to_owned(),
            Some("one of error, warn, info, debug, trace".to_owned()),
        );
        tracing::Level::INFO
    });

    let mut models: Vec<ModelSpec> = Vec::new();
    for (number, model) in options.models.iter().enumerate() {
        let name = model
            .id
            .clone()
            .unwrap_or_else(|| format!("number {}", number + 1));
        match spec(model) {
            Ok(spec) if models.iter().any(|known| known.id == spec.id) => {
                complain(
                    format!("model `{name}` is there twice"),
                    Some("give each its own id".to_owned()),
                );
            }
            Ok(spec) => models.push(spec),
            Err(error) => complain(format!("model `{name}` is left out: {error}"), error.hint()),
        }
    }

    let policy = rules::policy(options, &models, allowance, &mut complain);
    Settings {
        policy,
        models,
        prices: Prices::default(),
        network: Network {
            proxy: options.network.proxy.clone(),
            ca_file: options.network.ca_file.as_ref().map(Into::into),
        },
        index_memory,
        index_dependencies: options.index.dependencies.unwrap_or(false),
        log_level,
    }
}

fn spec(model: &Model) -> Result<ModelSpec, SettingsError> {
    fn required<'m>(
        value: &'m Option<String>,
        key: &'static str,
    ) -> Result<&'m str, SettingsError> {
        value
            .as_deref()
            .filter(|text| !text.trim().is_empty())
            .ok_or(SettingsError::Missing(key))
    }
    let id = required(&model.id, "id")?;
    let tier = named(
        required(&model.tier, "tier")?,
        "tier",
        Tier::ALL,
        Tier::as_str,
    )?;
    let spoken: Vec<Protocol> = Protocol::ALL
        .iter()
        .copied()
        .filter(|protocol| *protocol != Protocol::Scripted)
        .collect();
    let protocol = named(
        required(&model.protocol, "protocol")?,
        "protocol",
        &spoken,
        Protocol::as_str,
    )?;
    let base_url = base_url(required(&model.base_url, "base_url")?)?;
    if let Some(family) = model
        .fim
        .as_deref()
        .filter(|family| FimTemplate::of(family).is_none())
    {
        let families: Vec<&str> = FimTemplate::families().collect();
        return Err(unknown(
            "fim",
            family,
            format!("one of {}", families.join(", ")),
        ));
    }
    let is_loopback = is_loopback(&base_url);
    let region = match (&model.region, is_loopback) {
        (_, true) => Some(Region::local()),
        // `local` is a promise about this machine that another host cannot keep.
        (Some(name), false) if Region::new(name).is_local() => {
            return Err(unknown(
                "region",
                name,
                "only an address of this machine is local".to_owned(),
            ));
        }
        (Some(name), false) => Some(region_at(host_of(&base_url), name)?),
        (None, false) => known_region(host_of(&base_url)).map(Region::new),
    };
    let price = match &model.price {
        Some(Price::Book(key)) => match key.strip_prefix("pool/") {
            Some(pool) => PriceSource::Pool(pool.to_owned()),
            None => PriceSource::Book(key.clone()),
        },
        Some(Price::Own(own)) => PriceSource::Own(rates(own)?),
        None if is_loopback => PriceSource::Free,
        None => PriceSource::Unknown,
    };
    let api_key = model.api_key.as_ref().map(key_place).transpose()?;
    Ok(ModelSpec {
        id: ModelId::new(id),
        tier,
        protocol,
        model: model.model.clone().unwrap_or_else(|| id.to_owned()),
        base_url,
        fim: model.fim.clone(),
        region,
        price,
        context_tokens: model.context_tokens.unwrap_or(4_096).max(256),
        max_output_tokens: model.max_output_tokens.unwrap_or(128).clamp(1, 4_096),
        first_token_timeout: Duration::from_millis(
            model.first_token_timeout_ms.unwrap_or(5_000).max(1),
        ),
        idle_timeout: Duration::from_millis(model.idle_timeout_ms.unwrap_or(2_000).max(1)),
        is_canary: model.canary.unwrap_or(false),
        api_key,
    })
}

fn key_place(key: &super::options::ApiKey) -> Result<KeyPlace, SettingsError> {
    match (&key.env, &key.file, &key.keyring) {
        (Some(name), None, None) => Ok(KeyPlace::Variable(name.clone())),
        (None, None, Some(name)) => Ok(KeyPlace::Keyring(name.clone())),
        (None, Some(file), None) if std::path::Path::new(file).is_absolute() => {
            Ok(KeyPlace::File(file.into()))
        }
        (None, Some(file), None) => Err(unknown(
            "api_key.file",
            file,
            "it is an absolute path".to_owned(),
        )),
        _ => Err(unknown(
            "api_key",
            "{ … }",
            "it is one of { env = \"NAME\" }, { file = \"/PATH\" } and { keyring = \"NAME\" }"
                .to_owned(),
        )),
    }
}

/// Returns the region that was written, unless the host is known to be elsewhere: a rule on regions
/// would let text go where it must not.
fn region_at(host: &str, name: &str) -> Result<Region, SettingsError> {
    let region = Region::new(name);
    match known_region(host) {
        Some(known)
            if region.as_str() != known && !region.as_str().starts_with(&format!("{known}-")) =>
        {
            Err(unknown(
                "region",
                name,
                format!("{host} runs in `{known}`; correct it, or leave it out"),
            ))
        }
        _ => Ok(region),
    }
}

fn host_of(base_url: &str) -> &str {
    let rest = base_url
        .split_once("://")
        .map_or(base_url, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

fn named<T: Copy>(
    text: &str,
    key: &'static str,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, SettingsError> {
    all.iter()
        .copied()
        .find(|value| name(*value) == text)
        .ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|value| name(*value)).collect();
            unknown(key, text, format!("one of {}", names.join(", ")))
        })
}

fn unknown(key: &'static str, value: &str, hint: String) -> SettingsError {
    SettingsError::Unknown {
        key,
        value: value.to_owned(),
        hint,
    }
}

fn base_url(text: &str) -> Result<String, SettingsError> {
    let trimmed = text.trim().trim_end_matches('/');
    let root = trimmed
        .strip_suffix("/v1")
        .unwrap_or(trimmed)
        .trim_end_matches('/');
    let host = root
        .strip_prefix("https://")
        .or_else(|| root.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['@', ' ']) => Ok(root.to_owned()),
        Some(host) if host.contains('@') => Err(unknown(
            "base_url",
            "…@…",
            "put the key into api_key = { env = \"NAME\" }".to_owned(),
        )),
        _ => Err(unknown(
            "base_url",
            text,
            "it begins with http:// or https://".to_owned(),
        )),
    }
}

fn is_loopback(base_url: &str) -> bool {
    let authority = host_of(base_url);
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or(v6),
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    host == "localhost"
        || host
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

fn rates(own: &super::options::OwnPrice) -> Result<Rates, SettingsError> {
    let parse = |text: &str| -> Result<PricePerMTok, SettingsError> {
        text.parse()
            .map_err(|error| unknown("price", text, format!("{error}")))
    };
    let input = parse(&own.input)?;
    let or_input = |text: &Option<String>| text.as_deref().map_or(Ok(input), parse);
    let cache_write = or_input(&own.cache_write)?;
    Ok(Rates {
        input,
        cache_read: or_input(&own.cached_input)?,
        cache_write,
        cache_write_1h: cache_write,
        output: parse(&own.output)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(toml: &str, complaint: &str) -> Settings {
        let options: Options = toml::from_str(toml).expect("options");
        let mut complaints = Vec::new();
        let settings = resolve(&options, "c.toml", &mut complaints);
        let all = complaints
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n");
        if complaint.is_empty() {
            assert_eq!(all, "");
        } else {
            assert!(
                all.contains(complaint),
                "{all:?} does not say {complaint:?}"
            );
        }
        settings
    }

    fn model(more: &str) -> String {
        format!(
            "[[models]]\nid = \"m\"\ntier = \"premium\"\nprotocol = \"openai-completions\"\n\
             base_url = \"https://models.example\"\n{more}\n"
        )
    }

    #[test]
    fn a_hosted_model_without_a_price_is_unpriced() {
        assert_eq!(check(&model(""), "").models[0].price, PriceSource::Unknown);
    }

    #[test]
    fn a_region_that_contradicts_what_is_known_of_its_host_is_refused() {
        let at = |address: &str, more: &str| model(more).replace("https://models.example", address);
        let europe = at("https://api.mistral.ai", "");
        assert_eq!(check(&europe, "").models[0].region, Some(Region::new("eu")));
        let part = at("https://api.mistral.ai", "region = \"eu-west-3\"");
        let region = check(&part, "").models[0].region.clone();
        assert_eq!(region, Some(Region::new("eu-west-3")));
        let wrong = at("https://api.deepseek.com", "region = \"eu\"");
        assert!(
            check(&wrong, "api.deepseek.com runs in `cn`")
                .models
                .is_empty()
        );
    }

    #[test]
    fn a_model_may_be_paid_by_its_pool() {
        let settings = check(&model("price = \"pool/h100\""), "");
        assert_eq!(
            settings.models[0].price,
            PriceSource::Pool("h100".to_owned())
        );
    }

    #[test]
    fn own_prices_fall_back_to_the_input_price_for_caches() {
        let settings = check(
            &model("price = { input = \"0.30\", output = \"0.90\" }"),
            "",
        );
        let PriceSource::Own(rates) = settings.models[0].price else {
            panic!("own rates")
        };
        assert_eq!(rates.cache_read, PricePerMTok::from_micro_usd(300_000));
        assert_eq!(rates.output, PricePerMTok::from_micro_usd(900_000));
    }

    #[test]
    fn every_setting_that_changes_answers_changes_the_name_of_the_rules() {
        let id = |toml: &str| {
            let options: Options = toml::from_str(toml).expect("options");
            resolve(&options, "c.toml", &mut Vec::new()).policy.id
        };
        let model = model("");
        let mut ids = vec![id(&model), id("")];
        for more in [
            "[privacy]\nregions = [\"eu\"]",
            "[inhouse]\nenabled = false",
            "[routing]\npin = \"m\"",
            "[routing]\nchoice = \"cheapest\"",
            "[routing]\nsupplier_cap = 0.8",
            "[routing]\nlab_cap = 0.8",
            "[routing]\nquality_floor = 800",
            "[routing]\nshadow_share = 0.005\n[margin]\nown_budget = \"5.00\"",
            "[margin]\nvalue_per_1000_chars = \"0.50\"",
        ] {
            ids.push(id(&format!("{model}{more}\n")));
        }
        for more in [
            "model = \"x\"",
            "fim = \"qwen2.5-coder\"",
            "api_key = { env = \"KEY\" }",
            "region = \"eu\"",
            "price = \"a/b\"",
            "price = { input = \"1\", output = \"2\" }",
            "context_tokens = 2048",
            "max_output_tokens = 64",
            "first_token_timeout_ms = 1",
            "idle_timeout_ms = 1",
            "canary = true",
        ] {
            ids.push(id(&format!("{model}{more}\n")));
        }
        for (from, to) in [
            ("id = \"m\"", "id = \"n\""),
            ("premium", "in-house"),
            ("openai-completions", "llama-cpp"),
            ("models.example", "other.example"),
        ] {
            ids.push(id(&model.replace(from, to)));
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all);
        assert_eq!(id(&model), id(&format!("{model}[log]\nlevel = \"warn\"\n")));
    }

    #[test]
    fn another_host_cannot_call_itself_local() {
        assert!(
            check(
                &model("region = \"Local\""),
                "only an address of this machine"
            )
            .models
            .is_empty()
        );
    }

    #[test]
    fn a_wrong_name_lists_the_right_ones() {
        check(&model("fim = \"qwen\""), "qwen2.5-coder");
        check(
            "[[models]]\nid = \"m\"\ntier = \"cheap\"\n",
            "one of in-house, open-source, premium",
        );
        check("[[models]]\nid = \"m\"\n", "`tier` is missing");
        check("[margin]\ntarget = 80\n", "it is a fraction below 1");
        check("[routing]\npin = \"mm\"\n", "no such model");
    }

    #[test]
    fn a_key_in_the_address_is_refused_and_not_repeated() {
        let toml = model("").replace("https://", "https://user:sesame@");
        let options: Options = toml::from_str(&toml).expect("options");
        let mut complaints = Vec::new();
        let settings = resolve(&options, "c.toml", &mut complaints);
        assert!(settings.models.is_empty());
        assert!(!complaints[0].to_string().contains("sesame"));
    }

    #[test]
    fn loopback_is_told_from_names_that_only_look_like_it() {
        for url in [
            "http://127.0.0.1:1",
            "http://localhost",
            "http://[::1]:8080/x",
            "http://127.9.9.9",
        ] {
            assert!(is_loopback(url), "{url}");
        }
        for url in [
            "http://127.0.0.1.example",
            "http://localhost.example:1",
            "https://10.0.0.1",
        ] {
            assert!(!is_loopback(url), "{url}");
        }
    }
}
