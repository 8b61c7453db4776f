//! `mantle doctor`: everything that completions need, checked for real, with what to mend.

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use super::{Command, VERSION};
use crate::config::Keys;
use crate::domain::Origin;
use crate::engine::{
    ArmReport, ArmState, BookState, Clock, Engine, FoundServer, KeptFolder, Setup,
    find_local_servers,
};

/// One line of the result.
struct Check {
    verdict: Verdict,
    what: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Good,
    Note,
    Bad,
}

impl Verdict {
    const fn mark(self) -> &'static str {
        match self {
            Self::Good => "ok  ",
            Self::Note => "note",
            Self::Bad => "BAD ",
        }
    }
}

pub async fn run(command: &Command, out: &mut dyn Write) -> anyhow::Result<ExitCode> {
    writeln!(out, "mantle {VERSION}")?;
    let mut checks = Vec::new();
    let mut say = |verdict, what: String| checks.push(Check { verdict, what });

    let loaded = command.load();
    for file in &loaded.files {
        say(Verdict::Good, format!("configuration: {}", file.display()));
    }
    if loaded.files.is_empty() {
        let place = command.paths.config.display();
        say(
            Verdict::Note,
            format!("configuration: none, defaults are used (yours would be {place})"),
        );
    }
    for complaint in &loaded.complaints {
        say(Verdict::Bad, format!("configuration: {complaint}"));
    }
    let embedded = loaded.settings.policy.embedded;
    say(
        if embedded {
            Verdict::Good
        } else {
            Verdict::Note
        },
        format!(
            "embedded model: {}",
            if embedded {
                "on, costs nothing"
            } else {
                "off by configuration"
            }
        ),
    );

    let index_memory = loaded.settings.index_memory;
    let environment = command.environment.clone();
    let user = environment.user().map(str::to_owned);
    let engine = Arc::new(Engine::new(Setup {
        policy: loaded.settings.policy,
        models: loaded.settings.models,
        prices: loaded.settings.prices,
        network: loaded.settings.network,
        key_of: Box::new(Keys::of(environment).source()),
        ledger: command.paths.ledger(),
        cache: command.paths.cache.clone(),
        origin: Origin::Cli,
        client: None,
        user,
        roots: Vec::new(),
        index_memory,
        dependencies: None,
        clock: Clock::system(),
    }));
    match engine.open_book().await {
        BookState::Open => say(
            Verdict::Good,
            format!("ledger: {}", command.paths.ledger().display()),
        ),
        BookState::Closed { message } => say(Verdict::Bad, format!("ledger: {message}")),
    }
    say(
        Verdict::Good,
        format!("log: {}", command.paths.log().display()),
    );
    let place = std::env::current_dir().unwrap_or_default();
    let kept = engine.look_at_index(&place);
    if kept.is_empty() {
        say(
            Verdict::Note,
            "index: nothing is kept of this folder; an editor that opens it makes one".to_owned(),
        );
    }
    for folder in kept {
        say(Verdict::Good, index_line(&folder));
    }
    say(
        Verdict::Good,
        format!("index: may take {} MiB of memory", index_memory >> 20),
    );
    let arms = engine.look_at_models().await;
    if arms.is_empty() {
        say(
            Verdict::Note,
            "models over the network: none configured".to_owned(),
        );
    }
    let servers = find_local_servers().await;
    for server in servers
        .iter()
        .filter(|server| !is_configured(server, &arms))
    {
        say(Verdict::Note, server_line(server));
    }
    for arm in arms {
        let verdict = if arm.state == ArmState::Ready {
            Verdict::Good
        } else {
            Verdict::Bad
        };
        say(
            verdict,
            format!("model {} ({}): {}", arm.model, arm.address, arm.sentence),
        );
    }
    engine.close().await;

    for check in &checks {
        writeln!(out, "{} {}", check.verdict.mark(), check.what)?;
    }
    let bad = checks
        .iter()
        .filter(|check| check.verdict == Verdict::Bad)
        .count();
    if bad == 0 {
        writeln!(out, "Everything that completions need is there.")?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{bad} to mend.")?;
    Ok(ExitCode::FAILURE)
}

/// Returns whether a model of this server is configured, under whichever name of this machine.
fn is_configured(server: &FoundServer, arms: &[ArmReport]) -> bool {
    let port = |address: &str| address.rsplit(':').next().map(str::to_owned);
    arms.iter().any(|arm| {
        let is_here = ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|name| arm.address.contains(&format!("//{name}:")));
        is_here && port(&arm.address) == port(&server.base_url)
    })
}

/// Says that a server is there which nobody asks.
fn server_line(server: &FoundServer) -> String {
    let models = match server.models.as_slice() {
        [] => "no model".to_owned(),
        models => models.join(", "),
    };
    format!(
        "on this machine, not configured: {} at {} with {models}; name it under [[models]], or see \
         `mantle init`",
        server.kind.as_str(),
        server.base_url
    )
}

/// Says what the index holds of a folder, and what it has left out.
fn index_line(folder: &KeptFolder) -> String {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let mut line = format!(
        "index: {}: {} files, {:.1} MB of text, {:.1} MB on disk",
        folder.root.display(),
        folder.files,
        megabytes(folder.bytes),
        megabytes(folder.bytes_on_disk),
    );
    if let Some(updated) = folder.updated {
        let updated = updated.to_utc();
        let (date, hour, minute) = (updated.date(), updated.hour(), updated.minute());
        line += &format!(", updated {date} {hour:02}:{minute:02} UTC");
    }
    if folder.is_capped {
        line += ", more files than are listed";
    }
    let left_out: Vec<String> = folder
        .left_out
        .iter()
        .map(|(why, count)| format!("{count} {why}"))
        .collect();
    if !left_out.is_empty() {
        line += &format!("; left out: {}", left_out.join(", "));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn a_server_is_configured_under_any_name_of_this_machine() {
        let server = FoundServer {
            kind: crate::engine::ServerKind::Ollama,
            base_url: "http://127.0.0.1:11434".to_owned(),
            models: vec!["qwen".to_owned()],
        };
        let arm = |address: &str| ArmReport {
            model: crate::domain::ModelId::new("m"),
            address: address.to_owned(),
            state: ArmState::Ready,
            sentence: String::new(),
        };
        for (address, expected) in [
            ("http://127.0.0.1:11434", true),
            ("http://localhost:11434", true),
            ("http://[::1]:11434", true),
            ("http://127.0.0.1:8080", false),
            ("http://other.example:11434", false),
        ] {
            let is_known = is_configured(&server, &[arm(address)]);
            assert_eq!(is_known, expected, "{address}");
        }
        assert!(server_line(&server).contains("Ollama at http://127.0.0.1:11434 with qwen"));
    }

    #[test]
    fn the_index_is_said_in_one_line_with_what_was_left_out() {
        let folder = KeptFolder {
            root: "/w".into(),
            files: 12,
            bytes: 345_600,
            bytes_on_disk: 1_234_567,
            left_out: vec![("too large", 1), ("generated", 3)],
            is_capped: false,
            updated: Some(Timestamp::from_unix_micros(0)),
        };
        assert_eq!(
            index_line(&folder),
            "index: /w: 12 files, 0.3 MB of text, 1.2 MB on disk, updated 1970-01-01 00:00 UTC; \
             left out: 1 too large, 3 generated"
        );
    }
}
