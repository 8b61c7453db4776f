//! `mantle doctor`: everything that completions need, checked for real, with what to mend.

use std::io::Write;
use std::process::ExitCode;

use super::{Command, VERSION};
use crate::domain::Origin;
use crate::engine::{ArmState, BookState, Clock, Engine, Setup};

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

    let environment = command.environment.clone();
    let user = environment.get("USER").map(str::to_owned);
    let engine = Engine::new(Setup {
        policy: loaded.settings.policy,
        models: loaded.settings.models,
        key_of: Box::new(move |name| environment.get(name).map(|key| key.to_owned().into())),
        ledger: command.paths.ledger(),
        cache: command.paths.cache.clone(),
        origin: Origin::Cli,
        client: None,
        user,
        roots: Vec::new(),
        clock: Clock::system(),
    });
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
    let arms = engine.look_at_models().await;
    if arms.is_empty() {
        say(
            Verdict::Note,
            "models over the network: none configured".to_owned(),
        );
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
