//! Finds model servers on this machine by asking the usual ports who is there.
//!
//! One question each, all at once, and no text of the user's: the list of models, which all four
//! kinds of servers keep. Who keeps it tells the kind; where it does not, the port does.

use std::time::Duration;

use futures::future::join_all;
use reqwest::Url;
use serde_json::Value;
use tokio::time::timeout;

use crate::domain::{FimTemplate, Protocol};

use super::{Clients, exchange};

/// A server on this machine answers in a few milliseconds, or it is not there.
const TIME: Duration = Duration::from_millis(500);

/// A port at which a kind of server usually listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Port {
    /// The port on loopback.
    pub number: u16,
    /// The kind of server.
    pub kind: ServerKind,
}

/// A kind of model server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ServerKind {
    /// llama.cpp's own server.
    LlamaCpp,
    /// Ollama.
    Ollama,
    /// vLLM.
    Vllm,
    /// LM Studio.
    LmStudio,
}

impl ServerKind {
    /// Returns its name, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LlamaCpp => "llama.cpp",
            Self::Ollama => "Ollama",
            Self::Vllm => "vLLM",
            Self::LmStudio => "LM Studio",
        }
    }

    /// Returns the protocol in which it completes code best.
    #[must_use]
    pub const fn protocol(self) -> Protocol {
        match self {
            Self::LlamaCpp => Protocol::LlamaCpp,
            Self::Ollama => Protocol::Ollama,
            Self::Vllm | Self::LmStudio => Protocol::OpenAiCompletions,
        }
    }

    /// Returns the kind that signs its models so.
    fn of_owner(owner: &str) -> Option<Self> {
        match owner {
            "llamacpp" => Some(Self::LlamaCpp),
            "library" => Some(Self::Ollama),
            "vllm" => Some(Self::Vllm),
            "organization_owner" => Some(Self::LmStudio),
            _ => None,
        }
    }
}

/// Where the four kinds listen unless they are told otherwise.
pub const USUAL_PORTS: &[Port] = &[
    Port {
        number: 8080,
        kind: ServerKind::LlamaCpp,
    },
    Port {
        number: 11434,
        kind: ServerKind::Ollama,
    },
    Port {
        number: 8000,
        kind: ServerKind::Vllm,
    },
    Port {
        number: 1234,
        kind: ServerKind::LmStudio,
    },
];

/// A model server that was found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundServer {
    /// What it is.
    pub kind: ServerKind,
    /// Its address, for `base_url`.
    pub base_url: String,
    /// The models that it has, as it names them, those first that are known to fill in the middle.
    pub models: Vec<String>,
}

/// Asks every port who is there; what does not answer in half a second, or answers something else,
/// is left out.
pub async fn find_servers(clients: &Clients, ports: &[Port]) -> Vec<FoundServer> {
    let asked = ports.iter().map(|port| async move {
        let found = timeout(TIME, ask(clients, *port)).await;
        found.ok().flatten()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

async fn ask(clients: &Clients, port: Port) -> Option<FoundServer> {
    let base_url = format!("http://127.0.0.1:{}", port.number);
    let url = Url::parse(&format!("{base_url}/v1/models")).ok()?;
    let client = clients.client_for(&url).await.ok()?;
    let listed = exchange::probe(client.get(url), "127.0.0.1").await.ok()?;
    // Ollama without any model says `null`.
    let listed = listed.get("data")?;
    let data: &[Value] = listed.as_array().map_or(&[], Vec::as_slice);
    let told = |model: &Value, field: &str| {
        let text = model.get(field).and_then(Value::as_str);
        text.map(str::to_owned)
    };
    let owner = data.iter().find_map(|model| told(model, "owned_by"));
    let mut models: Vec<String> = data.iter().filter_map(|model| told(model, "id")).collect();
    models.sort_by_key(|model| FimTemplate::for_model(model).is_none());
    Some(FoundServer {
        kind: owner
            .and_then(|owner| ServerKind::of_owner(&owner))
            .unwrap_or(port.kind),
        base_url,
        models,
    })
}
