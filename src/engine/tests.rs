//! The straight path from end to end, with scripted models and a real ledger.

mod budget;
mod context;
mod flights;
mod hedge;
mod market;
mod resilience;
mod wires;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::arm::ArmModel;
use super::{Answer, BookState, Clock, Engine, Nothing, OutcomeError, Served, Setup};
use crate::documents::{PositionEncoding, TextEdit};
use crate::domain::{
    ByteOffset, CompletionId, CompletionRequest, DocumentUri, ModelId, ModelSpec, Money, Origin,
    Policy, PricePerMTok, PriceSource, Protocol, Rates, Region, Source, Tier, Timestamp,
    TokenCount, Trigger, Usage,
};
use crate::ledger::{Figures, LedgerReader, ReportQuery};
use crate::models::{ModelError, Script, Waiting};

const NOON: i64 = 1_795_000_000_000_000;

fn spec(id: &str, usd_per_mtok: Option<&str>) -> ModelSpec {
    let price = usd_per_mtok.map_or(PriceSource::Free, |price| {
        let price: PricePerMTok = price.parse().expect("a price");
        let rates = Rates {
            input: price,
            cache_read: price,
            cache_write: price,
            cache_write_1h: price,
            output: price,
        };
        PriceSource::Own(rates)
    });
    ModelSpec {
        id: ModelId::new(id),
        tier: Tier::OpenSource,
        protocol: Protocol::Scripted,
        base_url: "http://127.0.0.1:1".into(),
        model: id.into(),
        fim: None,
        region: Some(Region::new("eu")),
        price,
        context_tokens: 4_096,
        max_output_tokens: 64,
        first_token_timeout: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(2),
        is_canary: false,
        api_key: None,
    }
}

fn used(input: u64, output: u64) -> Usage {
    Usage {
        input_total: Some(TokenCount::new(input)),
        output_total: Some(TokenCount::new(output)),
        ..Usage::default()
    }
}

/// What an engine is made of that keeps its files in `folder`.
fn setup_in_folder(folder: &Path, policy: Policy, roots: Vec<PathBuf>) -> Setup {
    // Tokio's time, which a test may pause.
    let begun = tokio::time::Instant::now();
    Setup {
        policy: Policy {
            id: "test".into(),
            ..policy
        },
        models: Vec::new(),
        prices: crate::prices::Prices::default(),
        network: Default::default(),
        key_of: Box::new(|_| Err("there are no keys here".to_owned())),
        ledger: folder.join("ledger.sqlite3"),
        cache: folder.join("cache"),
        origin: Origin::Lsp,
        client: None,
        user: Some("ada".into()),
        roots,
        index_memory: 8 << 20,
        dependencies: None,
        clock: Clock::from_fn(move || Timestamp::from_unix_micros(NOON).plus(begun.elapsed())),
    }
}

struct Desk {
    engine: Arc<Engine>,
    uri: DocumentUri,
    folder: TempDir,
}

impl Desk {
    async fn new(policy: Policy, arms: Vec<(ModelSpec, Script)>) -> Self {
        Self::in_folders(policy, arms, Vec::new()).await
    }

    async fn in_folders(
        policy: Policy,
        arms: Vec<(ModelSpec, Script)>,
        roots: Vec<PathBuf>,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let setup = setup_in_folder(folder.path(), policy, roots);
        let arms = arms
            .into_iter()
            .map(|(spec, script)| ArmModel::scripted(spec, script))
            .collect();
        let engine = Arc::new(Engine::with_arms(setup, arms));
        assert_eq!(engine.open_book().await, BookState::Open);
        Self {
            engine,
            uri: DocumentUri::new("file:///w/a.rs"),
            folder,
        }
    }

    /// Opens a document with `$0` at the cursor; returns the cursor.
    fn open(&self, text: &str) -> ByteOffset {
        let offset = text.find("$0").expect("a cursor");
        self.engine.open(
            self.uri.clone(),
            Some("/w/a.rs".into()),
            "rust",
            1,
            &text.replace("$0", ""),
        );
        ByteOffset::new(offset)
    }

    /// Changes the text of the open document; returns the cursor.
    fn change(&self, text: &str) -> ByteOffset {
        let offset = text.find("$0").expect("a cursor");
        let edit = TextEdit {
            range: None,
            text: text.replace("$0", ""),
        };
        self.engine
            .change(&self.uri, 2, &[edit], PositionEncoding::Utf16)
            .expect("an open document");
        ByteOffset::new(offset)
    }

    fn request(&self, offset: ByteOffset) -> CompletionRequest {
        let received = Timestamp::from_unix_micros(NOON);
        CompletionRequest {
            id: CompletionId::new(received),
            document: self.uri.clone(),
            offset,
            trigger: Trigger::Automatic,
            received,
        }
    }

    async fn complete(&self, offset: ByteOffset) -> Answer {
        self.engine.complete(self.request(offset)).await
    }

    /// Lets the embedded model learn six files; returns a text with the cursor where it is sure, and
    /// how it goes on.
    fn teach(&self) -> (String, &'static str) {
        let begun = "    let connection = po";
        let rest = "ol.acquire().await.expect(\"the pool is open\");";
        let function = |verb: &str, table: &str| {
            format!(
                "pub async fn {verb}_{table}(pool: &Pool, id: u64) -> Result<Row, StoreError> {{\n\
                 {begun}{rest}\n    connection.fetch_one(\"{verb} {table}\", id).await\n}}\n\n"
            )
        };
        for table in ["users", "orders", "invoices", "products", "carts", "prices"] {
            let verbs = ["load", "count", "archive", "restore"];
            let text: String = verbs.iter().map(|verb| function(verb, table)).collect();
            let path = format!("/w/{table}.rs");
            self.engine.embedded.learn(&path, "rust", &text);
        }
        (function("load", "newest").replace(rest, "$0"), rest)
    }

    async fn totals(self) -> Figures {
        self.engine.close().await;
        let reader = LedgerReader::open_read_only(&self.folder.path().join("ledger.sqlite3"))
            .await
            .expect("a ledger");
        let day = Duration::from_secs(86_400);
        let now = Timestamp::from_unix_micros(NOON);
        let Range { start, end } = now.minus(day)..now.plus(day);
        reader
            .margin_report(&ReportQuery::new(start, end))
            .await
            .expect("a report")
            .totals
    }
}

#[track_caller]
fn served(answer: Answer) -> Served {
    match answer {
        Answer::Suggestion(served) => *served,
        Answer::Nothing(why) => panic!("nothing, because {why:?}"),
    }
}

#[tokio::test]
async fn the_cheapest_model_answers_and_its_cost_is_exact() {
    let script = Script::answer("a + b;").usage(used(1_000, 20));
    let arms = vec![
        (spec("dear", Some("9")), Script::answer("wrong")),
        (spec("cheap", Some("0.30")), script),
    ];
    let desk = Desk::new(Policy::default(), arms).await;
    let cursor = desk.open("fn main() {\n    let x = $0\n}\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(
        (
            served.candidate.text.as_str(),
            served.candidate.model.as_str()
        ),
        ("a + b;", "cheap")
    );
    let totals = desk.totals().await;
    // 1,020 tokens at 0.30 USD per million are 306 micro-USD.
    assert_eq!((totals.requests, totals.calls, totals.offered), (1, 1, 1));
    assert_eq!(totals.cost_pico(), Some(306_000_000));
}

#[tokio::test]
async fn a_model_that_fails_is_followed_by_the_next_and_both_calls_are_recorded() {
    let down = Script::new().fail(ModelError::TimedOut {
        waiting: Waiting::FirstToken,
        limit: Duration::from_secs(5),
    });
    let arms = vec![
        (spec("down", Some("0.10")), down),
        (
            spec("next", Some("0.30")),
            Script::answer("a + b;").usage(used(100, 5)),
        ),
    ];
    let desk = Desk::new(Policy::default(), arms).await;
    let cursor = desk.open("let x = $0\n");
    let served = served(desk.complete(cursor).await);
    assert_eq!(
        (served.candidate.model.as_str(), served.reason),
        ("next", "fallback")
    );
    let totals = desk.totals().await;
    assert_eq!((totals.requests, totals.calls), (1, 2));
}

#[tokio::test]
async fn a_dropped_request_leaves_the_row_of_its_call_with_a_cost() {
    let script = Script::new().text("a + ").hang();
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("slow", Some("1")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    {
        let answer = desk.complete(cursor);
        tokio::pin!(answer);
        // Poll until the model has been asked, then let go.
        loop {
            tokio::select! {
                biased;
                _ = &mut answer => panic!("the model does not answer"),
                () = tokio::task::yield_now() => if log.calls() == 1 { break },
            }
        }
    }
    let totals = desk.totals().await;
    assert_eq!(log.abandoned(), 1);
    assert_eq!((totals.requests, totals.calls, totals.offered), (1, 1, 0));
    assert!(
        totals.cost_pico().is_some_and(|cost| cost > 0),
        "an abandoned call is not free: {totals:?}"
    );
}

#[tokio::test]
async fn typing_into_a_suggestion_asks_nobody_and_keeps_its_id() {
    let script = Script::answer("total(a);");
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("free", None), script)]).await;
    let cursor = desk.open("let x = $0\n");
    let first = served(desk.complete(cursor).await);
    let further = desk.change("let x = to$0\n");
    let second = served(desk.complete(further).await);
    assert_eq!(
        (second.candidate.id, second.candidate.source),
        (first.candidate.id, Source::Cache)
    );
    assert_eq!(second.candidate.text, "tal(a);");
    assert_eq!(log.calls(), 1);
    let totals = desk.totals().await;
    assert_eq!(
        (
            totals.requests,
            totals.cache_hits,
            totals.calls,
            totals.offered
        ),
        (2, 1, 1, 1)
    );
}

#[tokio::test]
async fn a_closed_document_takes_its_answers_with_it() {
    let script = Script::answer("total(a);");
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("free", None), script)]).await;
    let cursor = desk.open("let x = $0\n");
    served(desk.complete(cursor).await);
    desk.engine.close_document(&desk.uri);
    let cursor = desk.open("let x = $0\n");
    served(desk.complete(cursor).await);
    assert_eq!(log.calls(), 2);
}

#[tokio::test]
async fn an_accept_said_twice_counts_once() {
    let desk = Desk::new(
        Policy::default(),
        vec![(spec("free", None), Script::answer("1;"))],
    )
    .await;
    let cursor = desk.open("let x = $0\n");
    let id = served(desk.complete(cursor).await).candidate.id;
    assert_eq!(desk.engine.accept(id).await, Ok(()));
    assert_eq!(desk.engine.accept(id).await, Ok(()));
    let unknown = CompletionId::new(Timestamp::from_unix_micros(NOON));
    assert_eq!(
        desk.engine.accept(unknown).await,
        Err(OutcomeError::Unknown(unknown))
    );
    assert_eq!(desk.engine.status().borrow().accepted, 1);
    assert_eq!(desk.totals().await.accepted, 1);
}

#[tokio::test]
async fn a_partial_accept_longer_than_the_suggestion_is_refused() {
    let desk = Desk::new(
        Policy::default(),
        vec![(spec("free", None), Script::answer("\"é😀\";"))],
    )
    .await;
    let cursor = desk.open("let x = $0\n");
    let id = served(desk.complete(cursor).await).candidate.id;
    // Quote, é, 😀 as two units, quote, semicolon.
    assert_eq!(
        desk.engine.accept_partly(id, 7),
        Err(OutcomeError::TooLong { said: 7, whole: 6 })
    );
    assert_eq!(desk.engine.accept_partly(id, 6), Ok(()));
}

#[tokio::test]
async fn a_private_file_reaches_no_model() {
    let script = Script::answer("SECRET");
    let log = script.log();
    let desk = Desk::new(Policy::default(), vec![(spec("free", None), script)]).await;
    let uri = DocumentUri::new("file:///w/.env");
    desk.engine
        .open(uri.clone(), Some("/w/.env".into()), "plaintext", 1, "KEY=");
    let request = CompletionRequest {
        document: uri,
        ..desk.request(ByteOffset::new(4))
    };
    let answer = desk.engine.complete(request).await;
    assert!(
        matches!(answer, Answer::Nothing(Nothing::Excluded(_))),
        "{answer:?}"
    );
    assert_eq!(log.calls(), 0);
    assert_eq!(desk.totals().await.suppressed, 1);
}

#[tokio::test]
async fn a_model_outside_of_the_regions_is_never_called() {
    let abroad = Script::answer("abroad");
    let log = abroad.log();
    let policy = Policy {
        regions: vec![Region::new("us")],
        ..Policy::default()
    };
    let desk = Desk::new(policy, vec![(spec("eu-model", None), abroad)]).await;
    let cursor = desk.open("let x = $0\n");
    assert_eq!(
        desk.complete(cursor).await,
        Answer::Nothing(Nothing::NothingEligible)
    );
    assert_eq!(log.calls(), 0);
}

#[tokio::test]
async fn the_embedded_model_goes_on_where_a_block_is_wanted_and_ends_with_a_line_that_was_begun() {
    let rest = "let lines = order.lines();\n    if lines.is_empty() {\n        return None;\n    \
                }\n    Some(lines.total())";
    let first = "    let order = self.orders.get(&id)?;\n    ";
    for (typed, expected) in [("", rest), ("let li", "nes = order.lines();")] {
        let policy = Policy {
            embedded: true,
            ..Policy::default()
        };
        let desk = Desk::new(policy, Vec::new()).await;
        for n in 0..12 {
            let function = |name: &str| format!("fn {name}_{n}(&self) {{\n{first}{rest}\n}}\n\n");
            let text = function("load") + &function("count") + &function("close");
            let path = format!("/w/{n}.rs");
            desk.engine.embedded.learn(&path, "rust", &text);
        }
        let cursor = desk.open(&format!("fn open(&self) {{\n{first}{typed}$0\n}}\n"));
        assert_eq!(served(desk.complete(cursor).await).candidate.text, expected);
    }
}

#[tokio::test]
async fn the_embedded_model_answers_what_it_has_seen_before_anybody_is_paid() {
    let paid = Script::answer("paid");
    let log = paid.log();
    let policy = Policy {
        embedded: true,
        ..Policy::default()
    };
    let desk = Desk::new(policy, vec![(spec("paid", Some("1")), paid)]).await;
    let (newest, rest) = desk.teach();
    let cursor = desk.open(&newest);
    let served = served(desk.complete(cursor).await);
    assert_eq!(
        (served.candidate.source, served.tier),
        (Source::Embedded, Tier::InHouse)
    );
    assert_eq!(served.candidate.text, rest);
    assert_eq!(served.expected_cost, Money::ZERO);
    assert_eq!(log.calls(), 0);
}

#[tokio::test]
async fn an_error_inside_a_stream_costs_what_was_reported_before_it() {
    let failed = ModelError::InStream {
        kind: None,
        after_text: false,
    };
    let script = Script::new().usage(used(1_000, 0)).fail(failed);
    let desk = Desk::new(Policy::default(), vec![(spec("m", Some("0.30")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    assert_eq!(
        desk.complete(cursor).await,
        Answer::Nothing(Nothing::Failed)
    );
    // 1,000 tokens at 0.30 USD per million are 300 micro-USD.
    assert_eq!(desk.totals().await.cost_pico(), Some(300_000_000));
}

#[tokio::test]
async fn a_call_that_was_refused_at_the_door_costs_nothing() {
    let script = Script::new().fail(ModelError::RateLimited { retry_after: None });
    let desk = Desk::new(Policy::default(), vec![(spec("m", Some("0.30")), script)]).await;
    let cursor = desk.open("let x = $0\n");
    assert_eq!(
        desk.complete(cursor).await,
        Answer::Nothing(Nothing::Failed)
    );
    assert_eq!(desk.totals().await.cost_pico(), Some(0));
}

#[tokio::test]
async fn an_answer_without_usage_is_not_billed_as_if_it_had_been_cut_off() {
    let mut hosted = spec("m", Some("1"));
    hosted.base_url = "https://api.mistral.ai".into();
    hosted.max_output_tokens = 4_000;
    let desk = Desk::new(Policy::default(), vec![(hosted, Script::answer("1;"))]).await;
    let cursor = desk.open("let x = $0\n");
    let _served = served(desk.complete(cursor).await);
    // 4,000 tokens of output alone would be 4,000 micro-USD.
    let cost = desk.totals().await.cost_pico().expect("an estimate");
    assert!(cost > 0 && cost < 1_000_000_000, "{cost}");
}

#[tokio::test(start_paused = true)]
async fn every_change_of_a_document_is_a_key_of_the_rhythm() {
    let desk = Desk::new(Policy::default(), Vec::new()).await;
    desk.open("let x = $0");
    let since = || desk.engine.rhythm.since_key(desk.engine.clock.now());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(since().is_zero());
    desk.engine
        .change(&desk.uri, 2, &[], PositionEncoding::Utf16)
        .expect("it is open");
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(since(), Duration::from_secs(3));
}
