//! `mantle init`: looks for model servers on this machine and writes a first configuration.
//!
//! A file that is there is left alone, unless it is to be replaced; then it is kept beside the new
//! one.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};

use super::Command;
use crate::domain::{FimTemplate, Protocol};
use crate::engine::{FoundServer, find_local_servers};

/// Arguments of `init`.
#[derive(Clone, Debug, clap::Args)]
pub struct InitArgs {
    /// Replace the configuration that is there; it is kept as config.toml.old.
    #[arg(long)]
    force: bool,
}

pub async fn run(
    args: &InitArgs,
    command: &Command,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let file = &command.paths.config;
    if file.exists() && !args.force {
        bail!(
            "{} is there already and was left alone; `mantle doctor` says what it makes of it, \
             `mantle init --force` replaces it",
            file.display()
        );
    }
    let servers = find_local_servers().await;
    write(file, &configuration(&servers))?;
    for server in &servers {
        let (kind, address) = (server.kind.as_str(), &server.base_url);
        match server.models.as_slice() {
            [] => writeln!(out, "found: {kind} at {address}, without a model")?,
            models => writeln!(out, "found: {kind} at {address}: {}", models.join(", "))?,
        }
    }
    if servers.is_empty() {
        writeln!(
            out,
            "found: no model server at the usual ports; the embedded model works without one"
        )?;
    }
    writeln!(out, "written: {}", file.display())?;
    writeln!(
        out,
        "Next: `mantle models test` asks each model once, `mantle try` types real lines of this \
         folder, and an editor starts `mantle lsp`."
    )?;
    Ok(ExitCode::SUCCESS)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)
        .with_context(|| format!("{} cannot be made; check its rights", folder.display()))?;
    if file.exists() {
        let old = file.with_extension("toml.old");
        fs::rename(file, &old)
            .with_context(|| format!("{} cannot be kept; nothing was changed", file.display()))?;
    }
    // Another process may have been quicker; its file is not ours to replace.
    let mut new = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(file)
        .with_context(|| format!("{} cannot be written", file.display()))?;
    new.write_all(text.as_bytes())
        .with_context(|| format!("{} cannot be written; is the disk full?", file.display()))
}

/// Returns the configuration with one model of every server that has one.
fn configuration(servers: &[FoundServer]) -> String {
    let mut text = String::from(
        "# What Mantle asks besides the embedded model. `mantle config check` names every mistake,\n\
         # docs/models.md every protocol with an example.\n",
    );
    let mut ids: Vec<String> = Vec::new();
    for server in servers {
        let Some((model, others)) = server.models.split_first() else {
            continue;
        };
        let protocol = server.kind.protocol();
        let mut id = short_name(model);
        if ids.contains(&id) {
            id = format!("{id}-{}", ids.len() + 1);
        }
        text += &format!(
            "\n# {} on this machine: free, and nothing leaves it.\n[[models]]\nid = {}\n\
             tier = \"open-source\"\nprotocol = \"{protocol}\"\nbase_url = {}\nmodel = {}\n",
            server.kind.as_str(),
            quoted(&id),
            quoted(&server.base_url),
            quoted(model),
        );
        if protocol == Protocol::OpenAiCompletions {
            text += &match FimTemplate::for_model(model) {
                Some(template) => format!("fim = \"{}\"\n", template.family),
                None => "# fim = \"…\": without the family of its template the text after the \
                         cursor may not be used.\n"
                    .to_owned(),
            };
        }
        if !others.is_empty() {
            text += &format!("# It also has: {}\n", one_line(&others.join(", ")));
        }
        ids.push(id);
    }
    if ids.is_empty() {
        text += "\n# No model server was found. This is what one looks like:\n\
                 # [[models]]\n# id = \"local-qwen\"\n# tier = \"open-source\"\n\
                 # protocol = \"llama-cpp\"\n# base_url = \"http://127.0.0.1:8080\"\n";
    }
    text
}

/// Returns a model's name without its folders and its ending.
fn short_name(model: &str) -> String {
    let name = model.rsplit(['/', '\\']).next().unwrap_or(model);
    name.strip_suffix(".gguf").unwrap_or(name).to_owned()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A comment ends with its line, and a server may name its models as it likes.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Layers, load};
    use crate::engine::ServerKind;

    fn found(kind: ServerKind, models: &[&str]) -> FoundServer {
        FoundServer {
            kind,
            base_url: "http://127.0.0.1:8000".to_owned(),
            models: models.iter().map(|&model| model.to_owned()).collect(),
        }
    }

    /// What is written must be read without a complaint.
    #[track_caller]
    fn read_back(servers: &[FoundServer]) -> Vec<crate::domain::ModelSpec> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("mantle/config.toml");
        write(&file, &configuration(servers)).expect("writable");
        let layers = Layers {
            user: Some(file),
            user_is_required: true,
            ..Layers::default()
        };
        let loaded = load(&layers);
        assert_eq!(loaded.complaints, []);
        loaded.settings.models
    }

    #[test]
    fn every_server_with_a_model_becomes_a_model() {
        let models = read_back(&[
            found(ServerKind::LlamaCpp, &["/models/qwen2.5-coder-1.5b.gguf"]),
            found(ServerKind::Ollama, &[]),
            found(ServerKind::Vllm, &["Qwen/Qwen2.5-Coder-7B", "other"]),
            found(ServerKind::LmStudio, &["a \"quoted\"\nname"]),
        ]);
        let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        let expected = [
            "qwen2.5-coder-1.5b",
            "Qwen2.5-Coder-7B",
            "a \"quoted\"\nname",
        ];
        assert_eq!(ids, expected);
        assert_eq!(models[0].protocol, Protocol::LlamaCpp);
        assert_eq!(models[1].fim.as_deref(), Some("qwen2.5-coder"));
        assert_eq!(models[2].fim, None);
    }

    #[test]
    fn one_model_on_two_servers_has_two_names() {
        let twice = [
            found(ServerKind::LlamaCpp, &["m"]),
            found(ServerKind::Vllm, &["m"]),
        ];
        assert_eq!(read_back(&twice).len(), 2);
    }

    #[test]
    fn without_a_server_the_file_only_explains() {
        assert_eq!(read_back(&[]), []);
    }

    #[test]
    fn a_file_that_is_replaced_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config.toml");
        write(&file, "first").expect("writable");
        write(&file, "second").expect("writable");
        let read = |path: &Path| fs::read_to_string(path).expect("a file");
        assert_eq!(read(&file), "second");
        assert_eq!(read(&folder.path().join("config.toml.old")), "first");
    }
}
