//! What is known about a model before it is called.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::PricePerMTok;

/// The model id of the embedded model, in decisions, reports and `explain`.
pub const EMBEDDED: &str = "embedded";

/// The name that the configuration gives a model; the arm of the router.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ModelId(String);

impl ModelId {
    /// Wraps a name.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// Returns the id of the embedded model.
    #[must_use]
    pub fn embedded() -> Self {
        Self(EMBEDDED.to_owned())
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ModelId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the name used in the configuration, the ledger and reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// Returns the value of a name, or `None` when there is none.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
pub(crate) use named;

named!(
    /// Who stands behind a model, from the cheapest to the dearest kind.
    Tier {
        /// Ours: the embedded model or a server of our own.
        InHouse = "in-house",
        /// Open weights, served by anybody.
        OpenSource = "open-source",
        /// A closed model of a large lab.
        Premium = "premium",
    }
);

named!(
    /// How a provider is spoken to. Vendors are rows of the catalogue, protocols are code.
    Protocol {
        /// llama.cpp's own server: `/infill`, or `/completion` for models without FIM tokens.
        LlamaCpp = "llama-cpp",
        /// Ollama's own server: `/api/generate`.
        Ollama = "ollama",
        /// `/v1/completions` with a suffix or a rendered template.
        OpenAiCompletions = "openai-completions",
        /// `/v1/chat/completions` with a fill-in prompt.
        OpenAiChat = "openai-chat",
        /// `/v1/responses` with a fill-in prompt.
        OpenAiResponses = "openai-responses",
        /// `/v1/fim/completions`: Mistral, Inception.
        MistralFim = "mistral-fim",
        /// `/beta/completions` of DeepSeek.
        DeepSeekFim = "deepseek-fim",
        /// `/v1/messages` with a fill-in prompt.
        Anthropic = "anthropic",
        /// Google's `streamGenerateContent` with a fill-in prompt.
        Gemini = "gemini",
        /// Answers from a list, for tests.
        Scripted = "scripted",
    }
);

impl Protocol {
    /// Returns whether the model is asked in words for the text at the cursor, instead of being
    /// given a prefix and a suffix.
    #[must_use]
    pub const fn is_chat(self) -> bool {
        match self {
            Self::OpenAiChat | Self::OpenAiResponses | Self::Anthropic | Self::Gemini => true,
            Self::LlamaCpp
            | Self::Ollama
            | Self::OpenAiCompletions
            | Self::MistralFim
            | Self::DeepSeekFim
            | Self::Scripted => false,
        }
    }
}

/// Where a model's servers stand: `local`, `eu`, `us`, a cloud's region. Compared as written.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Region(String);

impl Region {
    /// Wraps a name; upper case is folded, so `EU` and `eu` are one region.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self(name.trim().to_lowercase())
    }

    /// Returns the region of an address on this machine.
    #[must_use]
    pub fn local() -> Self {
        Self("local".to_owned())
    }

    /// Returns whether the region is this machine.
    #[must_use]
    pub fn is_local(&self) -> bool {
        self.0 == "local"
    }

    /// Returns the name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Prices of one model, each in micro-USD per million tokens.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Rates {
    /// Input that no cache holds.
    pub input: PricePerMTok,
    /// Input read from the provider's prompt cache; the input price when the provider has none.
    pub cache_read: PricePerMTok,
    /// Input written to the prompt cache for minutes; the input price when the provider has none.
    pub cache_write: PricePerMTok,
    /// Input written to the prompt cache for an hour.
    pub cache_write_1h: PricePerMTok,
    /// Output, reasoning included.
    pub output: PricePerMTok,
}

impl Rates {
    /// Nothing is charged for tokens.
    pub const FREE: Self = Self {
        input: PricePerMTok::FREE,
        cache_read: PricePerMTok::FREE,
        cache_write: PricePerMTok::FREE,
        cache_write_1h: PricePerMTok::FREE,
        output: PricePerMTok::FREE,
    };

    /// Returns whether nothing is charged, whatever is used.
    #[must_use]
    pub fn are_free(&self) -> bool {
        let Self {
            input,
            cache_read,
            cache_write,
            cache_write_1h,
            output,
        } = *self;
        [input, cache_read, cache_write, cache_write_1h, output]
            .iter()
            .all(|&price| price == PricePerMTok::FREE)
    }
}

/// Where the price of a model comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PriceSource {
    /// A key of the price book, such as `mistral/codestral-2508`.
    Book(String),
    /// Written in the configuration: negotiated rates.
    Own(Rates),
    /// A pool of GPUs of our own or rented by the hour: a call costs nothing more, since the pool
    /// is paid for whether it works or not. The report charges the pool.
    Pool(String),
    /// Costs nothing per token: a server on this machine.
    Free,
    /// Not known; such a model is never called, since its cost could not be told.
    Unknown,
}

impl PriceSource {
    /// Returns whether a call costs nothing, whatever it uses.
    #[must_use]
    pub fn is_free(&self) -> bool {
        match self {
            Self::Free | Self::Pool(_) => true,
            Self::Own(rates) => rates.are_free(),
            Self::Book(_) | Self::Unknown => false,
        }
    }
}

/// Where the key of a model is: never the key itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyPlace {
    /// In an environment variable.
    Variable(String),
    /// In a file that only the user may read.
    File(PathBuf),
    /// In the keyring of the system, under this name.
    Keyring(String),
}

impl KeyPlace {
    /// Returns what to do when there is no key there, as one sentence.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Variable(name) => format!("Set the environment variable {name}."),
            Self::File(file) => format!(
                "Write the key into {}, which only you may read (`chmod 600`).",
                file.display()
            ),
            Self::Keyring(name) => format!("Store it with `mantle models key {name}`."),
        }
    }
}

impl fmt::Display for KeyPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Variable(name) => f.write_str(name),
            Self::File(file) => file.display().fmt(f),
            Self::Keyring(name) => write!(f, "the keyring's {name}"),
        }
    }
}

/// One model that the configuration names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ModelSpec {
    /// Its name here.
    pub id: ModelId,
    /// Who stands behind it.
    pub tier: Tier,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// The host's root, without a trailing slash or `/v1`.
    pub base_url: String,
    /// Its name at the provider.
    pub model: String,
    /// The family of its FIM template, where the protocol renders one.
    pub fim: Option<String>,
    /// Where it runs; `None` is unknown and matches no list of regions.
    pub region: Option<Region>,
    /// What it costs.
    pub price: PriceSource,
    /// How many tokens prompt and answer may have together.
    pub context_tokens: u32,
    /// The most tokens of an answer.
    pub max_output_tokens: u32,
    /// How long to wait for the first token.
    pub first_token_timeout: std::time::Duration,
    /// How long to wait between tokens.
    pub idle_timeout: std::time::Duration,
    /// Whether it is tried out: it gets a small share for the sake of learning, until its owner says
    /// otherwise.
    pub is_canary: bool,
    /// Where its key is, if it needs one.
    pub api_key: Option<KeyPlace>,
}

impl ModelSpec {
    /// Returns the lab that has made the model; one that is not known is taken for a lab of its own.
    #[must_use]
    pub fn lab(&self) -> &str {
        super::lab_of(&self.model).unwrap_or(self.id.as_str())
    }

    /// Returns the host part of the address, such as `127.0.0.1:8080`, for the ledger: without a
    /// name and password that may stand before it.
    #[must_use]
    pub fn host(&self) -> &str {
        let rest = self
            .base_url
            .split_once("://")
            .map_or(self.base_url.as_str(), |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[track_caller]
    fn check(base_url: &str, host: &str) {
        let spec = ModelSpec {
            id: ModelId::new("m"),
            tier: Tier::OpenSource,
            protocol: Protocol::LlamaCpp,
            base_url: base_url.into(),
            model: "m".into(),
            fim: None,
            region: None,
            price: PriceSource::Free,
            context_tokens: 1,
            max_output_tokens: 1,
            first_token_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            is_canary: false,
            api_key: None,
        };
        assert_eq!(spec.host(), host);
    }

    #[test]
    fn the_host_is_what_the_ledger_may_know_of_an_address() {
        check("http://127.0.0.1:8080", "127.0.0.1:8080");
        check("https://api.example.com/v1", "api.example.com");
        check("https://name:secret@api.example.com/v1", "api.example.com");
        check("https://api.example.com?key=secret", "api.example.com");
    }
}
