//! The list of models that most servers keep: who is there, and whether it has the model.

use serde_json::Value;

use crate::domain::ModelSpec;

use super::server::Server;
use super::{ModelError, Probe, exchange};

/// Asks for the list and looks for the model in it. Whether it fills in the middle is not in it.
pub(super) async fn probe(
    server: &Server,
    path: &str,
    spec: &ModelSpec,
) -> Result<Probe, ModelError> {
    let request = server.get(path).await?;
    let listed = exchange::probe(request, server.host()).await?;
    // The one is OpenAI's, the other Gemini's.
    let models = listed
        .get("data")
        .or_else(|| listed.get("models"))
        .and_then(Value::as_array)
        .ok_or(ModelError::Garbled {
            why: "it is no list of models",
        })?;
    let told = |model: &Value, field: &str| {
        let text = model.get(field).and_then(Value::as_str)?;
        Some(text.strip_prefix("models/").unwrap_or(text).to_owned())
    };
    let name = |model: &Value| told(model, "id").or_else(|| told(model, "name"));
    let ours = models
        .iter()
        .find(|model| name(model).as_deref() == Some(spec.model.as_str()));
    let shown = ours.or(models.first());
    let mut probe = Probe {
        server: shown.and_then(|model| told(model, "owned_by")),
        model: shown.and_then(name),
        ..Probe::default()
    };
    // llama.cpp serves its one model under any name.
    if ours.is_none() && probe.server.as_deref() != Some("llamacpp") {
        probe.note(&format!(
            "The server does not list the model {:?}.",
            spec.model
        ));
    }
    if server.sends_key_in_the_clear() {
        probe.note("The key is sent without TLS.");
    }
    Ok(probe)
}

/// The same for a protocol that always takes the text after the cursor.
pub(super) async fn probe_with_suffix(
    server: &Server,
    path: &str,
    spec: &ModelSpec,
) -> Result<Probe, ModelError> {
    let probe = probe(server, path, spec).await?;
    Ok(Probe {
        fim: Some(true),
        ..probe
    })
}
