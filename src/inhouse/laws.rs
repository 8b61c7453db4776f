//! What holds for the model as a whole.

use proptest::prelude::*;

use super::{EmbeddedModel, Prediction, Query, SHOW_THRESHOLD, Settings};

const POOL: &str = "\
pub fn acquire(pool: &Pool) -> Result<Connection, PoolError> {
    let connection = pool.acquire_timeout(DEFAULT_TIMEOUT)?;
    connection.ping()?;
    Ok(connection)
}
";

fn model(files: &[(&str, &str)]) -> EmbeddedModel {
    let model = EmbeddedModel::new();
    for (path, text) in files {
        model.learn(path, "rust", text);
    }
    model
}

/// Asks at `|` in a file that is called `open.rs`.
fn ask(model: &EmbeddedModel, text: &str) -> Option<Prediction> {
    let (before, after) = text.split_once('|').expect("the fixture marks the cursor");
    model.predict(&Query {
        path: "open.rs",
        language: "rust",
        before,
        after,
        several_lines: false,
    })
}

#[track_caller]
fn check(model: &EmbeddedModel, text: &str, expected: Option<&str>) {
    let text = ask(model, text).map(|prediction| prediction.text);
    assert_eq!(text.as_deref(), expected);
}

#[test]
fn a_model_that_knows_nothing_says_nothing() {
    check(&EmbeddedModel::new(), "|", None);
    check(&EmbeddedModel::new(), "let x = |", None);
}

#[test]
fn the_workspace_is_remembered() {
    check(
        &model(&[("pool.rs", POOL)]),
        "fn f() {\n    let connection = pool.|",
        Some("acquire_timeout(DEFAULT_TIMEOUT)?;"),
    );
}

#[test]
fn an_unknown_context_gets_silence() {
    check(&model(&[("pool.rs", POOL)]), "zebra quagga |", None);
}

#[test]
fn the_open_file_beats_the_workspace() {
    let workspace = "    let total = sum(left);\n".repeat(4);
    let of_open = |name| format!("fn {name}() {{\n    let total = sum(right);\n    total\n}}\n\n");
    check(
        &model(&[("other.rs", &workspace)]),
        &("abcd".chars().map(of_open).collect::<String>() + "fn e() {\n    let total = |"),
        Some("sum(right);"),
    );
}

#[test]
fn the_lines_below_the_cursor_count_too() {
    check(
        &EmbeddedModel::new(),
        "fn a() {\n    socket.|\n}\nfn b() {\n    socket.flush_all();\n}\n",
        Some("flush_all();"),
    );
}

#[test]
fn what_was_typed_of_a_word_is_how_it_begins() {
    let model = model(&[(
        "a.rs",
        "buffer.clear();\nbuffer.clear();\nbuffer.clear();\nbuffer.capacity();\n",
    )]);
    check(&model, "buffer.c|", Some("lear();"));
    check(&model, "buffer.ca|", Some("pacity();"));
    check(&model, "buffer.cap|", Some("acity();"));
    check(&model, "buffer.cz|", None);
}

#[test]
fn a_whole_word_goes_on_with_what_follows_it() {
    check(
        &model(&[("pool.rs", POOL)]),
        "fn f() {\n    let connection = pool.acquire_timeout(DEFAULT_TIMEOUT)?;\n    connection|",
        Some(".ping()?;"),
    );
}

#[test]
fn a_name_that_nobody_used_gets_silence() {
    let text = "x.insert(one);\nx.insert(two);\nx.insert(fresh_name|";
    check(&EmbeddedModel::new(), text, None);
}

#[test]
fn inside_a_word_it_is_silent() {
    check(&model(&[("pool.rs", POOL)]), "    connec|tion.ping", None);
}

#[test]
fn what_stands_after_the_cursor_is_not_said_again() {
    let model = model(&[("pool.rs", POOL)]);
    check(
        &model,
        "    let connection = pool.acquire_timeout(|)",
        Some("DEFAULT_TIMEOUT"),
    );
    check(
        &model,
        "    let connection = pool.|acquire_timeout(DEFAULT_TIMEOUT)?;",
        None,
    );
}

#[test]
fn its_own_copy_of_the_open_file_is_not_asked() {
    let model = EmbeddedModel::new();
    model.learn("open.rs", "rust", POOL);
    check(&model, "    let connection = pool.|", None);
}

#[test]
fn languages_are_kept_apart_by_family() {
    let model = EmbeddedModel::new();
    model.learn("a.py", "python", POOL);
    check(&model, "    let connection = pool.|", None);
    model.learn("a.tsx", "typescriptreact", POOL);
    let query = Query {
        path: "open.js",
        language: "javascript",
        before: "    let connection = pool.",
        after: "",
        several_lines: false,
    };
    assert!(model.predict(&query).is_some());
}

#[test]
fn a_language_nobody_knows_is_learnt_all_the_same() {
    let model = EmbeddedModel::new();
    model.learn("a.zz", "zzlang", "frob the ~> widget\nfrob the ~> widget\n");
    let query = Query {
        path: "b.zz",
        language: "zzlang",
        before: "frob the ",
        after: "",
        several_lines: false,
    };
    let text = model.predict(&query).map(|prediction| prediction.text);
    assert_eq!(text.as_deref(), Some("~> widget"));
}

#[test]
fn a_new_version_replaces_the_old_one() {
    let model = model(&[("a.rs", "config.old_name();\n")]);
    model.learn("a.rs", "rust", "config.new_name();\nconfig.new_name();\n");
    check(&model, "config.|", Some("new_name();"));
    assert_eq!(model.files(), 1);
}

#[test]
fn a_file_that_changed_its_language_is_known_once() {
    let model = model(&[("a.rs", "config.old_name();\n")]);
    model.learn("a.rs", "python", "config.old_name();\n");
    check(&model, "config.|", None);
    assert_eq!(model.files(), 1);
}

#[test]
fn what_is_forgotten_is_gone_with_its_memory() {
    let model = model(&[("a.rs", POOL)]);
    assert!(model.bytes() > 0);
    model.forget("a.rs");
    model.forget("never-learnt.rs");
    check(&model, "    let connection = pool.|", None);
    assert_eq!((model.files(), model.bytes()), (0, 0));
}

#[test]
fn a_file_that_does_not_fit_is_not_learnt_and_no_old_version_is_kept() {
    let model = EmbeddedModel::with_settings(Settings { max_bytes: 2_000 });
    model.learn("a.rs", "rust", POOL);
    assert_eq!(model.files(), 1);
    let long: String = (0..500).map(|n| format!("let name_{n} = {n};\n")).collect();
    model.learn("a.rs", "rust", &long);
    assert_eq!((model.files(), model.bytes()), (0, 0));
}

#[test]
fn what_is_kept_of_open_files_counts_and_gives_way_to_the_index() {
    let ask_in = |model: &EmbeddedModel, path: &str| {
        model.predict(&Query {
            path,
            language: "rust",
            before: "    let connection = pool.",
            after: "",
            several_lines: false,
        })
    };
    let roomy = model(&[("a.rs", POOL)]);
    let expected = ask_in(&roomy, "b.rs");
    let of_one = roomy.open_bytes();
    assert!(of_one > 0);
    let max_bytes = roomy.bytes() + of_one * 5 / 2;
    let model = EmbeddedModel::with_settings(Settings { max_bytes });
    model.learn("a.rs", "rust", POOL);
    for path in ["b.rs", "c.rs", "d.rs", "b.rs"] {
        assert_eq!(ask_in(&model, path), expected);
        assert!(model.bytes() + model.open_bytes() <= max_bytes);
    }
    assert_eq!(model.open_bytes(), 2 * of_one, "there is room for two");
    let long: String = (0..500).map(|n| format!("let name_{n} = {n};\n")).collect();
    model.learn("e.rs", "rust", &long.repeat(20));
    assert_eq!(
        model.files(),
        1,
        "what is kept of open files takes its room"
    );
}

#[test]
fn learning_many_at_once_is_like_learning_one_by_one() {
    let files = [("a.rs", POOL), ("b.rs", "config.name();\n"), ("a.rs", "x")];
    let together = EmbeddedModel::new();
    together.learn_many(
        files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), "rust".to_owned(), (*text).to_owned())),
    );
    let apart = model(&files);
    assert_eq!(together.files(), 2);
    for text in ["config.|", "let connection = pool.|"] {
        assert_eq!(ask(&together, text), ask(&apart, text));
    }
}

#[test]
fn a_line_that_stands_all_over_the_file_is_worth_showing() {
    // Not just above the cursor: nobody writes the same line twice in three.
    let text =
        "    let guard = self.state.lock().await;\n    guard.touch();\n    drop(guard);\n    \
                self.tick();\n    self.tock();\n"
            .repeat(3);
    let asked = ask(
        &EmbeddedModel::new(),
        &format!("{text}    let guard = self.|"),
    );
    let prediction = asked.expect("it was seen three times");
    assert_eq!(prediction.text, "state.lock().await;");
    assert!(
        prediction.confidence.get() >= SHOW_THRESHOLD,
        "{prediction:?}"
    );
}

#[test]
fn predictions_go_on_while_it_learns() {
    let model = model(&[("pool.rs", POOL)]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..50 {
                model.learn(&format!("{n}.rs"), "rust", "unrelated words here\n");
            }
        });
        for _ in 0..50 {
            let text = "fn f() {\n    let connection = pool.|";
            check(&model, text, Some("acquire_timeout(DEFAULT_TIMEOUT)?;"));
        }
    });
}

#[test]
fn odd_texts_are_survived() {
    let model = EmbeddedModel::new();
    let line = "a b(".repeat(250_000);
    let texts = [
        "\u{0}\u{1}\u{fffd}\u{202e}".to_owned(),
        "e\u{301}\u{1f469}\u{200d}\u{1f469} = \u{1f600};\n".repeat(50),
        "\ta\r\n\t\tb\r\n\r\n".repeat(50),
        "\r".repeat(100),
        line,
    ];
    for text in &texts {
        model.learn("a.rs", "rust", text);
        for at in [0, text.len() / 2, text.len()] {
            let at = (at..=text.len())
                .find(|&at| text.is_char_boundary(at))
                .expect("the end is a border");
            let _ = model.predict(&Query {
                path: "open.rs",
                language: "rust",
                before: &text[..at],
                after: &text[at..],
                several_lines: false,
            });
        }
    }
}

/// Text that looks a little like code, so that there is something to predict.
fn code() -> impl Strategy<Value = String> {
    prop::collection::vec(
        prop::sample::select(vec![
            "let ",
            "x",
            "xy",
            " = ",
            "f(",
            ")",
            ";",
            "\n",
            "\n    ",
            ".",
            "::",
            "\"",
            "{",
            "}",
            " ",
            "1.5",
            "\r\n",
            "\t",
            "\u{1f600}",
            "\u{e9}",
            "->",
            "//",
            "-",
            ">",
        ]),
        0..60,
    )
    .prop_map(|pieces| pieces.concat())
}

#[test]
fn a_forgotten_file_does_not_shift_the_confidence() {
    // Found by the law below.
    let kept = "let x =  = let \nx =  = x =  = x = f(x = x = x = x = x = x = x = x = x = x😀\n.";
    let gone = "xyx😀éxy😀1.5//;>\n    }- {::\"//x.\t::;.éxy = x;x\n\n    ::)-> = //>.\n    .f(x";
    let query = Query {
        path: "open.rs",
        language: "rust",
        before: "",
        after: "",
        several_lines: false,
    };
    let forgot = model(&[("kept.rs", kept), ("gone.rs", gone)]);
    forgot.forget("gone.rs");
    assert_eq!(
        model(&[("kept.rs", kept)]).predict(&query),
        forgot.predict(&query)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_asked_the_answer_is_fit_to_insert(
        learnt in code(), before in code(), after in code(),
    ) {
        let model = model(&[("a.rs", &learnt)]);
        let query = Query { path: "open.rs", language: "rust", before: &before, after: &after, several_lines: true };
        let answer = model.predict(&query);
        if let Some(Prediction { text, confidence, .. }) = &answer {
            prop_assert!(!text.trim().is_empty());
            prop_assert!(text.split('\n').all(|line| !line.trim().is_empty()));
            prop_assert!(!text.contains('\r'));
            prop_assert!((0.0..=1.0).contains(&confidence.get()));
        }
        prop_assert_eq!(model.predict(&query), answer);
    }

    #[test]
    fn what_was_asked_before_changes_no_answer(
        learnt in code(), texts in prop::collection::vec((code(), code()), 1..5),
    ) {
        let used = model(&[("a.rs", &learnt)]);
        for (before, after) in &texts {
            let query = Query { path: "open.rs", language: "rust", before, after, several_lines: true };
            let fresh = model(&[("a.rs", &learnt)]);
            prop_assert_eq!(used.predict(&query), fresh.predict(&query));
        }
    }

    #[test]
    fn after_forgetting_it_is_as_if_the_file_had_never_been_learnt(
        kept in code(), gone in code(), before in code(),
    ) {
        let query = Query { path: "open.rs", language: "rust", before: &before, after: "", several_lines: true };
        let never = model(&[("kept.rs", &kept)]);
        let forgot = model(&[("kept.rs", &kept), ("gone.rs", &gone)]);
        forgot.forget("gone.rs");
        let replaced = model(&[("kept.rs", &gone), ("kept.rs", &kept)]);
        prop_assert_eq!(never.predict(&query), forgot.predict(&query));
        prop_assert_eq!(never.predict(&query), replaced.predict(&query));
    }

    #[test]
    fn any_text_is_survived(learnt in any::<String>(), before in any::<String>(), after in any::<String>()) {
        let model = model(&[("a.rs", &learnt)]);
        let query = Query { path: "open.rs", language: "rust", before: &before, after: &after, several_lines: true };
        let _ = model.predict(&query);
    }
}
