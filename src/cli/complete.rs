//! `mantle complete FILE:LINE:COL`: one completion, without an editor.
//!
//! The exact text goes to standard output; with nothing to suggest there is nothing on it, the
//! reason is on standard error and the exit code is 0. What it costs is on the ledger, marked
//! `cli`, and never counts as an offer.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;

use super::source::{SourcePlace, byte_offset};
use super::{Command, WrongUse};
use crate::config::Keys;
use crate::domain::{
    ByteOffset, CompletionId, CompletionRequest, DocumentUri, Money, Origin, Trigger,
};
use crate::engine::{Answer, BookState, Clock, Engine, Explanation, Setup};

/// How long the workspace is learnt before the answer is given anyway.
const INDEXING: Duration = Duration::from_secs(5);

/// Arguments of `complete`.
#[derive(Clone, Debug, clap::Args)]
pub struct CompleteArgs {
    /// The place, 1-based, columns in characters, as compilers print it.
    #[arg(value_name = "FILE:LINE:COL")]
    place: SourcePlace,
    /// Print the context, the decision and the cost to standard error.
    #[arg(long)]
    explain: bool,
}

pub async fn run(
    args: &CompleteArgs,
    command: &Command,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let place = &args.place;
    let file = std::path::absolute(&place.file).context("the path cannot be made absolute")?;
    let text = std::fs::read_to_string(&file)
        .with_context(|| format!("{} cannot be read; check the path", place.file.display()))?;
    let offset = byte_offset(&text, place.line, place.column).map_err(WrongUse)?;

    let loaded = command.load();
    for complaint in &loaded.complaints {
        eprintln!("mantle: {complaint}");
    }
    let environment = command.environment.clone();
    let user = environment.user().map(str::to_owned);
    let root = workspace_of(&file);
    let clock = Clock::system();
    let engine = Arc::new(Engine::new(Setup {
        policy: loaded.settings.policy,
        models: loaded.settings.models,
        prices: loaded.settings.prices,
        network: loaded.settings.network,
        key_of: Box::new(Keys::of(environment).source()),
        ledger: command.paths.ledger(),
        cache: command.paths.cache.clone(),
        origin: Origin::Cli,
        client: Some("mantle complete".to_owned()),
        user,
        roots: vec![root],
        index_memory: loaded.settings.index_memory,
        dependencies: loaded
            .settings
            .index_dependencies
            .then(|| command.paths.cargo_home.clone()),
        clock: clock.clone(),
    }));
    if let BookState::Closed { message } = engine.open_book().await {
        eprintln!("mantle: the ledger cannot be written, so paid models stay off: {message}");
    }
    engine.read_spending().await;

    let uri = DocumentUri::new(format!("file://{}", file.display()));
    engine.open(
        uri.clone(),
        Some(file.clone()),
        language_of(&file),
        1,
        &text,
    );
    if tokio::time::timeout(INDEXING, engine.index())
        .await
        .is_err()
    {
        eprintln!("mantle: the workspace is large; answering with what was learnt in 5 seconds");
    }
    let received = clock.now();
    let id = CompletionId::new(received);
    let offset = ByteOffset::new(offset);
    let request = CompletionRequest {
        id,
        document: uri,
        offset,
        trigger: Trigger::Invoked,
        received,
    };
    let answer = engine.complete(request).await;
    if args.explain {
        if let Some(explanation) = engine.explanation(id) {
            print_explanation(&explanation, &answer);
        }
        eprintln!("cost: {}", engine.status().borrow().cost);
    }
    match answer {
        Answer::Suggestion(served) => {
            out.write_all(served.candidate.text.as_bytes())?;
            out.flush()?;
        }
        Answer::Nothing(why) => eprintln!("mantle: nothing to suggest here: {}", why.as_str()),
    }
    engine.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Returns the nearest folder above that is a repository, else the file's own.
fn workspace_of(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(file);
    folder
        .ancestors()
        .find(|above| above.join(".git").exists())
        .unwrap_or(folder)
        .to_owned()
}

fn language_of(file: &Path) -> &'static str {
    crate::engine::language_id(file).unwrap_or("plaintext")
}

fn print_explanation(explanation: &Explanation, answer: &Answer) {
    if let Some(context) = &explanation.context {
        eprintln!("context:\n{context}");
    }
    print_embedded(explanation);
    if let Some(prompt) = &explanation.prompt {
        eprintln!(
            "prompt: {} tokens, {} snippets",
            prompt.input_tokens.get(),
            prompt.snippets.len()
        );
    }
    print_related(explanation);
    let features = &explanation.features;
    eprintln!(
        "place: {} {}, {} lines",
        features.language, features.site, features.document_lines
    );
    let decision = &explanation.decision;
    eprintln!("decision: {} because {}", decision.action, decision.reason);
    if let Some(odds) = &decision.odds {
        let thousand = i128::from(odds.value_per_char.pico_usd()) * 1_000;
        eprintln!(
            "  a thousand kept characters are worth ${}, a cent must bring {:.1} characters more; \
             this was done with probability {:.3}",
            Money::format_pico(thousand, 4),
            odds.lambda * 10_000.0,
            decision.propensity,
        );
    }
    for arm in &decision.arms {
        let cost = arm.cost.map_or_else(|| "cost unknown".to_owned(), expected);
        let sure = arm
            .p_accept
            .map(|p| format!(", {:.0} % sure", p * 100.0))
            .unwrap_or_default();
        let state = arm
            .excluded
            .map_or_else(|| "eligible".to_owned(), |rule| format!("out: {rule}"));
        eprintln!("  {} ({}): {cost}{sure}, {state}", arm.model, arm.tier);
    }
    for step in &explanation.steps {
        eprintln!("  {step}");
    }
    if let Answer::Suggestion(served) = answer {
        let candidate = &served.candidate;
        let sure = candidate
            .confidence
            .map(|c| format!(", {:.0} % sure", c.get() * 100.0))
            .unwrap_or_default();
        eprintln!(
            "suggestion: from {} ({}){sure}",
            candidate.source, candidate.model
        );
    }
}

fn print_embedded(explanation: &Explanation) {
    if explanation.embedded.is_empty() {
        eprintln!("embedded model: nothing known fits here");
        return;
    }
    eprintln!("embedded model, the rest of the line:");
    for prediction in &explanation.embedded {
        let sure = 100.0 * prediction.confidence.get();
        let kind = if prediction.is_cut { " …" } else { "" };
        eprintln!("  {sure:>3.0} % {}{kind}", prediction.text);
    }
}

/// Prints what other files had to say, the most useful first, and what there was no room for.
fn print_related(explanation: &Explanation) {
    let Some(prompt) = &explanation.prompt else {
        return;
    };
    if explanation.related.is_empty() {
        return eprintln!("other files: nothing was found");
    }
    eprintln!("other files, the most useful first:");
    for one in explanation.related.iter() {
        let left_out = if prompt.snippets.contains(&one.snippet) {
            ""
        } else {
            ", left out: no room"
        };
        eprintln!(
            "  {}:{}-{}: {}, score {:.3}, {} tokens{left_out}",
            one.snippet.path,
            one.lines.start + 1,
            one.lines.end,
            one.kind.as_str(),
            one.score,
            one.tokens,
        );
    }
}

fn expected(cost: Money) -> String {
    format!(
        "up to ${}",
        Money::format_pico(i128::from(cost.pico_usd()), 9)
    )
}
