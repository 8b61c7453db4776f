//! A whole engine with a ledger, a paused clock and an editor that says nothing.

use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::documents::{PositionEncoding, TextEdit};
use crate::domain::{
    CompletionId, CompletionRequest, DocumentUri, ModelId, ModelSpec, Origin, Policy, PriceSource,
    Protocol, Region, Tier, Timestamp, Trigger,
};
use crate::engine::arm::ArmModel;
use crate::engine::{Answer, BookState, Clock, Engine, Setup};
use crate::ledger::{Figures, LedgerReader, ReportQuery};
use crate::models::Script;

const NOON: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);

/// An editor and its server.
struct Session {
    engine: Arc<Engine>,
    clock: Clock,
    folder: TempDir,
    watcher: tokio::task::JoinHandle<()>,
    version: i32,
}

fn uri() -> DocumentUri {
    DocumentUri::new("file:///w/a.txt")
}

impl Session {
    /// Opens `let x = ` for a model that always says `text`.
    async fn new(text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let begun = tokio::time::Instant::now();
        let clock = Clock::from_fn(move || NOON.plus(begun.elapsed()));
        let spec = ModelSpec {
            id: ModelId::new("free"),
            tier: Tier::OpenSource,
            protocol: Protocol::Scripted,
            base_url: "http://127.0.0.1:1".into(),
            model: "free".into(),
            fim: None,
            region: Some(Region::new("eu")),
            price: PriceSource::Free,
            context_tokens: 4_096,
            max_output_tokens: 64,
            first_token_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(2),
            is_canary: false,
            api_key: None,
        };
        let setup = Setup {
            policy: Policy {
                id: "test".into(),
                ..Policy::default()
            },
            models: Vec::new(),
            prices: crate::prices::Prices::default(),
            network: Default::default(),
            key_of: Box::new(|_| Err("there are no keys here".to_owned())),
            ledger: folder.path().join("ledger.sqlite3"),
            cache: folder.path().join("cache"),
            origin: Origin::Lsp,
            client: None,
            user: None,
            roots: Vec::new(),
            index_memory: 8 << 20,
            dependencies: None,
            clock: clock.clone(),
        };
        let arm = ArmModel::scripted(spec, Script::answer(text));
        let engine = Arc::new(Engine::with_arms(setup, vec![arm]));
        assert_eq!(engine.open_book().await, BookState::Open);
        engine.open(uri(), None, "plaintext", 1, "let x = \n");
        let watched = Arc::clone(&engine);
        let watcher = tokio::spawn(async move { watched.settle_when_due().await });
        Self {
            engine,
            clock,
            folder,
            watcher,
            version: 1,
        }
    }

    /// Asks at the end of the first line, and is answered with a suggestion.
    async fn complete(&self) -> CompletionId {
        let received = self.clock.now();
        let snapshot = self
            .engine
            .documents()
            .snapshot(&uri())
            .expect("it is open");
        let request = CompletionRequest {
            id: CompletionId::new(received),
            document: uri(),
            offset: crate::domain::ByteOffset::new(snapshot.line_range(0).end),
            trigger: Trigger::Automatic,
            received,
        };
        match self.engine.complete(request).await {
            Answer::Suggestion(served) => served.candidate.id,
            Answer::Nothing(why) => panic!("nothing, because {why:?}"),
        }
    }

    /// Puts `text` in at the end of the first line.
    fn insert(&mut self, text: &str) {
        let snapshot = self
            .engine
            .documents()
            .snapshot(&uri())
            .expect("it is open");
        let end = crate::domain::ByteOffset::new(snapshot.line_range(0).end);
        let at = snapshot.position(end, PositionEncoding::Utf16);
        let edit = TextEdit {
            range: Some(at..at),
            text: text.to_owned(),
        };
        self.version += 1;
        self.engine
            .change(&uri(), self.version, &[edit], PositionEncoding::Utf16)
            .expect("it is open");
    }

    /// Lets time pass at once. Elsewhere it is not paused: a paused clock would leap ahead while
    /// the ledger's own thread writes.
    async fn wait(&self, seconds: u64) {
        tokio::time::pause();
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        tokio::time::resume();
    }

    async fn end(self) -> Figures {
        self.engine.close().await;
        self.watcher
            .await
            .expect("the watcher ends with the session");
        let path = self.folder.path().join("ledger.sqlite3");
        let reader = LedgerReader::open_read_only(&path).await.expect("a ledger");
        let hour = Duration::from_secs(3_600);
        let query = ReportQuery::new(NOON.minus(hour), NOON.plus(hour));
        reader.margin_report(&query).await.expect("a report").totals
    }
}

#[tokio::test]
async fn an_editor_that_says_nothing_has_its_accepts_counted_and_looked_after() {
    let mut session = Session::new("a + b;").await;
    session.complete().await;
    session.wait(2).await;
    session.insert("a + b;");
    session.wait(601).await;
    assert_eq!(session.engine.status().borrow().accepted, 1);
    let totals = session.end().await;
    assert_eq!((totals.offered, totals.accepted), (1, 1));
    assert_eq!(totals.accepted_inferred, 1);
    assert_eq!((totals.retention_checked, totals.retained), (1, 1));
    assert_eq!(totals.known_retained(), Some(1));
}

#[tokio::test]
async fn a_client_that_says_so_has_one_accept_and_none_of_it_is_inferred() {
    let mut session = Session::new("a + b;").await;
    let id = session.complete().await;
    session.insert("a + b;");
    assert_eq!(session.engine.accept(id).await, Ok(()));
    session.wait(100).await;
    assert_eq!(session.engine.status().borrow().accepted, 1);
    let totals = session.end().await;
    assert_eq!((totals.accepted, totals.accepted_inferred), (1, 0));
    // The session ended before ten minutes were over.
    assert_eq!(
        (totals.retention_checked, totals.known_retained()),
        (0, None)
    );
}

#[tokio::test]
async fn what_is_typed_over_is_no_accept() {
    let mut session = Session::new("a + b;").await;
    session.complete().await;
    session.wait(2).await;
    session.insert("c");
    session.wait(2).await;
    let totals = session.end().await;
    assert_eq!((totals.offered, totals.accepted), (1, 0));
}

#[tokio::test]
async fn what_a_client_says_is_held_against_what_the_document_looks_like() {
    let mut session = Session::new("a + b;").await;
    let id = session.complete().await;
    session.insert("a + b;");
    assert_eq!(session.engine.accept(id).await, Ok(()));
    let channel = |session: &Session| {
        let learnt = &session.engine.learnt;
        learnt.with(|known| (known.witness().all().seen(), known.witness().channel(None)))
    };
    let (seen, after_one) = channel(&session);
    assert!((seen - 1.0).abs() < 1e-9);
    session.insert("\n");
    // One that was turned down and does not stand in the document.
    let id = session.complete().await;
    assert_eq!(session.engine.dismiss(id), Ok(()));
    let (seen, after_two) = channel(&session);
    assert!((seen - 2.0).abs() < 1e-9);
    assert!(after_two.false_positives < after_one.false_positives);
    assert_eq!(after_two.sensitivity, after_one.sensitivity);
    session.end().await;
}
