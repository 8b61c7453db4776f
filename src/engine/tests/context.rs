//! What a model over the network is shown of other files, and how an answer joins a name that was
//! begun.

use std::path::Path;

use super::*;
use crate::domain::{BurstId, Prompt};
use crate::models::ScriptLog;

const LEDGER: &str = "pub struct Ledger {\n    rows: Vec<Row>,\n}\n\nimpl Ledger {\n    pub fn append_row(&mut self, row: Row) {\n        self.rows.push(row);\n    }\n}\n";

/// A workspace on disk with one model, and the file `src/own.rs` open in it.
struct Scene {
    desk: Desk,
    root: TempDir,
    log: ScriptLog,
}

impl Scene {
    async fn new(files: &[(&str, &str)], script: Script) -> Self {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
            std::fs::write(path, text).expect("writable");
        }
        let log = script.log();
        let arms = vec![(spec("m", None), script)];
        let roots = vec![root.path().to_owned()];
        let desk = Desk::in_folders(Policy::default(), arms, roots).await;
        desk.engine.index().await;
        Self { desk, root, log }
    }

    fn open(&self, text: &str) -> ByteOffset {
        let offset = text.find("$0").expect("a cursor");
        let text = text.replace("$0", "");
        let path = self.root.path().join("src/own.rs");
        let (engine, uri) = (&self.desk.engine, self.desk.uri.clone());
        engine.open(uri, Some(path), "rust", 1, &text);
        ByteOffset::new(offset)
    }

    /// Returns the prompt of the last call.
    #[track_caller]
    fn prompt(&self) -> Prompt {
        self.log.prompts().pop().expect("a call")
    }
}

fn paths(prompt: &Prompt) -> Vec<&str> {
    let paths = prompt.snippets.iter().map(|one| one.path.as_str());
    let mut paths: Vec<&str> = paths.collect();
    paths.dedup();
    paths
}

#[tokio::test]
async fn the_definition_of_another_file_is_in_the_prompt() {
    let scene = Scene::new(
        &[("src/ledger.rs", LEDGER)],
        Script::answer("append_row(row);"),
    )
    .await;
    let cursor = scene.open("fn f(book: &mut Ledger, row: Row) {\n    book.$0\n}\n");
    let served = served(scene.desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "append_row(row);");
    let prompt = scene.prompt();
    assert_eq!(paths(&prompt), ["src/ledger.rs"]);
    let shown = &prompt.snippets[0].text;
    assert!(
        shown.contains("pub fn append_row(&mut self, row: Row)"),
        "{shown}"
    );
}

#[tokio::test]
async fn nothing_of_a_private_or_ignored_file_is_in_a_prompt() {
    let files = [
        ("src/ledger.rs", LEDGER),
        ("src/id_rsa.rs", LEDGER),
        ("secret/ledger.rs", LEDGER),
        (".mantleignore", "secret/\n"),
    ];
    let scene = Scene::new(&files, Script::answer("append_row(row);")).await;
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let _served = served(scene.desk.complete(cursor).await);
    assert_eq!(paths(&scene.prompt()), ["src/ledger.rs"]);
}

#[tokio::test]
async fn a_file_that_is_gone_or_changed_is_not_shown_as_it_was() {
    let files = [("src/ledger.rs", LEDGER)];
    let scene = Scene::new(&files, Script::answer("append_row(row);")).await;
    let path = scene.root.path().join("src/ledger.rs");
    std::fs::remove_file(&path).expect("it is there");
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let _served = served(scene.desk.complete(cursor).await);
    assert_eq!(paths(&scene.prompt()), [] as [&str; 0]);
}

#[tokio::test]
async fn an_open_file_is_shown_as_the_editor_has_it() {
    let files = [("src/ledger.rs", LEDGER)];
    let scene = Scene::new(&files, Script::answer("append_row(row);")).await;
    let other = DocumentUri::new("file:///w/ledger.rs");
    let text = LEDGER.replace("rows: Vec<Row>", "lines: Vec<Row>");
    let path = scene.root.path().join("src/ledger.rs");
    let (engine, version) = (&scene.desk.engine, 1);
    engine.open(other, Some(path), "rust", version, &text);
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let _served = served(scene.desk.complete(cursor).await);
    let prompt = scene.prompt();
    let shown: String = prompt
        .snippets
        .iter()
        .map(|one| one.text.as_str())
        .collect();
    assert!(!shown.contains("rows: Vec<Row>"), "{shown}");
}

#[tokio::test]
async fn the_prompts_of_one_burst_begin_alike() {
    let files: Vec<(String, String)> = (0..12)
        .map(|n| {
            let text = LEDGER.replace("append_row", &format!("append_{n}"));
            (format!("src/ledger_{n}.rs"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(p, t)| (p.as_str(), t.as_str()))
        .collect();
    // No answer of use: every key asks again.
    let scene = Scene::new(&files, Script::answer("")).await;
    let mut last: Option<Prompt> = None;
    for typed in [
        "",
        "let ",
        "let row = ",
        "let row = book",
        "let row = book.append",
    ] {
        let text = format!("fn f(book: &mut Ledger) {{\n    {typed}$0\n}}\n");
        let cursor = if last.is_none() {
            scene.open(&text)
        } else {
            scene.desk.change(&text)
        };
        let _nothing = scene.desk.complete(cursor).await;
        let prompt = scene.prompt();
        assert!(!prompt.snippets.is_empty());
        if let Some(last) = &last {
            assert_eq!(prompt.snippets, last.snippets, "{typed}");
            assert_eq!(prompt.suffix, last.suffix, "{typed}");
        }
        last = Some(prompt);
    }
    // The same state again gives the same bytes.
    let again = scene.desk.complete(ByteOffset::new(51)).await;
    assert_eq!(again, Answer::Nothing(Nothing::NothingUsable));
    assert_eq!(scene.log.calls(), 6);
    assert_eq!(Some(scene.prompt()), last);
}

#[tokio::test]
async fn where_nearly_every_place_has_a_call_the_search_begins_before_it_is_decided() {
    let scene = Scene::new(&[("src/ledger.rs", LEDGER)], Script::answer("")).await;
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let (engine, request) = (&scene.desk.engine, scene.desk.request(cursor));
    let look = async |burst: BurstId| {
        let snapshot = engine.documents.snapshot(&request.document);
        let snapshot = snapshot.expect("it is open");
        let (roster, path) = (engine.roster(), "src/own.rs".to_owned());
        let place = engine.look_around(&roster, (&request, burst), &snapshot, path, true);
        place.await.search
    };
    let another = BurstId::new(Timestamp::from_unix_micros(1));
    assert!(look(another).await.is_none(), "nobody was called yet");
    for _ in 0..12 {
        let _nothing = scene.desk.complete(cursor).await;
    }
    let search = look(another).await.expect("calls are usual");
    let found = search.await.expect("it ends");
    assert_eq!(found.all(), engine.gathered_for(&request.document));
    assert_eq!(found.all()[0].snippet.path, "src/ledger.rs");
    let running = engine
        .bursts
        .of(&request.document, cursor, request.received);
    assert!(look(running).await.is_none(), "the burst has what it needs");
    for _ in 0..5 {
        engine.foresight.is_decided(false);
    }
    assert!(look(another).await.is_none(), "calls are rare");
}

#[tokio::test]
async fn a_name_that_was_begun_is_taken_back_from_the_prompt_and_from_the_answer() {
    let scene = Scene::new(&[], Script::new().text(" app").text("end_row(row);")).await;
    let cursor = scene.open("fn f() {\n    let a = app$0\n}\n");
    let served = served(scene.desk.complete(cursor).await);
    assert_eq!(served.candidate.text, "end_row(row);");
    assert!(scene.prompt().prefix.ends_with("let a ="));
}

#[tokio::test]
async fn an_answer_that_contradicts_the_name_that_was_begun_is_none_and_is_closed() {
    let script = Script::new()
        .text(" other")
        .text("(row);")
        .usage(used(10, 2))
        .hang();
    let scene = Scene::new(&[], script).await;
    let cursor = scene.open("fn f() {\n    let a = app$0\n}\n");
    assert_eq!(
        scene.desk.complete(cursor).await,
        Answer::Nothing(Nothing::NothingUsable)
    );
}

#[tokio::test]
async fn what_is_found_is_explained_with_its_place() {
    let scene = Scene::new(
        &[("src/ledger.rs", LEDGER)],
        Script::answer("append_row(row);"),
    )
    .await;
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let request = scene.desk.request(cursor);
    let id = request.id;
    let _answer = scene.desk.engine.complete(request).await;
    let explanation = scene.desk.engine.explanation(id).expect("it was decided");
    let first = explanation.related.first().expect("something was found");
    assert_eq!(first.snippet.path, "src/ledger.rs");
    assert!(first.lines.start < first.lines.end && first.tokens > 0);
    assert!(Path::new(&first.snippet.path).is_relative());
}

impl Scene {
    /// Opens a file of the workspace and replaces a part of its text.
    fn edit(&self, path: &str, (from, to): (&str, &str)) -> DocumentUri {
        let engine = &self.desk.engine;
        let uri = DocumentUri::new(format!("file:///w/{path}"));
        let path = self.root.path().join(path);
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(from));
        engine.open(uri.clone(), Some(path), "rust", 1, &text);
        let edit = TextEdit {
            range: None,
            text: text.replace(from, to),
        };
        engine
            .change(&uri, 2, &[edit], PositionEncoding::Utf16)
            .expect("it is open");
        uri
    }
}

/// Returns the diffs of a prompt, which stand behind all other snippets.
#[track_caller]
fn diffs(prompt: &Prompt) -> Vec<(&str, &str)> {
    let is_diff = |one: &crate::domain::Snippet| one.path.ends_with(".diff");
    let first = prompt.snippets.iter().position(is_diff);
    let last = &prompt.snippets[first.unwrap_or(prompt.snippets.len())..];
    assert!(last.iter().all(is_diff), "they stand last");
    last.iter()
        .map(|one| (one.path.as_str(), one.text.as_str()))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn what_was_just_changed_is_in_the_prompt_as_a_diff() {
    let files = [("src/ledger.rs", LEDGER), ("src/other.rs", LEDGER)];
    let scene = Scene::new(&files, Script::answer("")).await;
    let _open = scene.edit("src/ledger.rs", ("row: Row", "row: Row, at: Time"));
    tokio::time::advance(Duration::from_secs(9)).await;
    let closed = scene.edit("src/other.rs", ("append_row", "push_row"));
    scene.desk.engine.close_document(&closed);
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let _nothing = scene.desk.complete(cursor).await;
    let first = scene.prompt();
    assert_eq!(
        diffs(&first),
        [
            (
                "src/ledger.rs.diff",
                "@@\n-    pub fn append_row(&mut self, row: Row) {\n\
                 +    pub fn append_row(&mut self, row: Row, at: Time) {\n"
            ),
            (
                "src/other.rs.diff",
                "@@\n-    pub fn append_row(&mut self, row: Row) {\n\
                 +    pub fn push_row(&mut self, row: Row) {\n"
            ),
        ]
    );
    // The same state gives the same bytes; half an hour later the edits are no news.
    let _nothing = scene.desk.complete(cursor).await;
    assert_eq!(scene.prompt(), first);
    tokio::time::advance(Duration::from_secs(31 * 60)).await;
    let request = CompletionRequest {
        received: Timestamp::from_unix_micros(NOON).plus(Duration::from_secs(31 * 60)),
        ..scene.desk.request(cursor)
    };
    let _nothing = scene.desk.engine.complete(request).await;
    assert_eq!(diffs(&scene.prompt()), []);
}

#[tokio::test]
async fn no_edit_of_a_private_or_ignored_file_and_no_secret_is_in_a_prompt() {
    let key = ["AKIA", "IOSFODNN7EXAMPLE"].concat();
    let with_key = LEDGER.replace("rows: Vec<Row>", &format!("rows: \"{key}\""));
    let files = [
        ("src/ledger.rs", LEDGER),
        ("src/keys.rs", with_key.as_str()),
        ("src/id_rsa.rs", LEDGER),
        ("secret/ledger.rs", LEDGER),
        (".mantleignore", "secret/\n"),
    ];
    let scene = Scene::new(&files, Script::answer("")).await;
    let edit = ("row: Row", "row: Entry");
    for path in ["src/ledger.rs", "src/id_rsa.rs", "secret/ledger.rs"] {
        let _open = scene.edit(path, edit);
    }
    // A key that is gone was a secret all the same.
    let _open = scene.edit("src/keys.rs", (&key, "none"));
    let cursor = scene.open("fn f(book: &mut Ledger) {\n    book.$0\n}\n");
    let _nothing = scene.desk.complete(cursor).await;
    let prompt = scene.prompt();
    let found: Vec<&str> = diffs(&prompt).iter().map(|(path, _)| *path).collect();
    assert_eq!(found, ["src/ledger.rs.diff"]);
    assert!(!format!("{prompt:?}").contains(&key));
}

#[tokio::test]
async fn no_edit_in_the_middle_of_a_private_key_is_in_a_prompt() {
    // Its name is completed by a later edit, and is further off than any other secret is long.
    let body = |changed: &str| {
        let lines: Vec<String> = (0..200).map(|n| format!("{n:064}")).collect();
        lines.join("\n").replace(&format!("{:064}", 100), changed)
    };
    let text = |dashes: &str, changed: &str| {
        let end = format!("-----END {} KEY{dashes}", "PRIVATE");
        format!("$0\n{}\n{end}\n", body(changed))
    };
    for (dashes, expected) in [("-----", 0), ("----", 1)] {
        let scene = Scene::new(&[("src/own.rs", LEDGER)], Script::answer("")).await;
        let _cursor = scene.open(&text("----", "a"));
        let _cursor = scene.desk.change(&text(dashes, "a"));
        let cursor = scene.desk.change(&text(dashes, "changed"));
        let _nothing = scene.desk.complete(cursor).await;
        let prompt = scene.prompt();
        let is_shown = |(_, text): &&(&str, &str)| text.contains("changed");
        let shown = diffs(&prompt).iter().filter(is_shown).count();
        assert_eq!(shown, expected, "{dashes}");
    }
}

#[tokio::test]
async fn the_line_that_is_typed_is_no_edit_of_its_own() {
    let scene = Scene::new(&[("src/own.rs", LEDGER)], Script::answer("")).await;
    let _cursor = scene.open("$0fn f(a: u8) {\n    let b = a;\n}\n");
    for typed in ["", "h(", "h(c"] {
        let text = format!("fn f(a: u8) {{\n    let c = a;\n    {typed}$0\n}}\n");
        let _cursor = scene.desk.change(&text);
    }
    let cursor = ByteOffset::new(36);
    let _nothing = scene.desk.complete(cursor).await;
    let prompt = scene.prompt();
    assert_eq!(
        diffs(&prompt),
        [("src/own.rs.diff", "@@\n-    let b = a;\n+    let c = a;\n")]
    );
}

#[tokio::test]
async fn what_waits_to_be_parsed_is_parsed_as_it_is_by_then() {
    let desk = Desk::new(Policy::default(), Vec::new()).await;
    let parser = &desk.engine.refresher;
    let (go_on, held) = std::sync::mpsc::channel::<()>();
    parser.run(Box::new(move || {
        let _ = held.recv();
    }));
    desk.open("fn before() {}$0\n");
    // Its refresh is in the queue now.
    tokio::task::yield_now().await;
    desk.change("fn now() {}$0\n");
    go_on.send(()).expect("the parser waits for it");
    let (tell, idle) = tokio::sync::oneshot::channel();
    parser.run(Box::new(move || {
        let _ = tell.send(());
    }));
    idle.await.expect("the parser goes on");
    let snapshot = desk.engine.documents.snapshot(&desk.uri);
    let snapshot = snapshot.expect("it is open");
    assert_eq!(snapshot.version, 2);
    assert!(snapshot.current_tree().is_some());
}
