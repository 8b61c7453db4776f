//! What is known about every place of the fixtures: its site, what encloses it, the prompt made
//! of it; and what our queries find in a file of every language.
//!
//! A fixture under `fixtures/context/<language>/` holds one cursor, `$0`. It may begin with
//! `//- budget N` (tokens of the prompt) and `//- related PATH` (lines of another file), which
//! then needs `//- file` before the text itself.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mantle_ls::context::{collect, render};
use mantle_ls::documents::{
    Documents, Language, Snapshot, Tree, definitions, enclosing_scopes, imports, references,
};
use mantle_ls::domain::{
    ByteOffset, DocumentUri, ModelId, ModelSpec, PriceSource, Protocol, Snippet, Tier,
};

/// One fixture, read.
struct Fixture {
    text: String,
    offset: usize,
    budget: u32,
    related: Vec<Snippet>,
}

impl Fixture {
    fn read(path: &Path) -> Self {
        let whole = std::fs::read_to_string(path).expect("the fixture is there");
        let (mut budget, mut related, mut text) = (2_048, Vec::<Snippet>::new(), String::new());
        let mut is_in_related = false;
        for line in whole.split_inclusive('\n') {
            if let Some(number) = line.strip_prefix("//- budget ") {
                budget = number.trim().parse().expect("a number of tokens");
            } else if let Some(path) = line.strip_prefix("//- related ") {
                is_in_related = true;
                related.push(Snippet {
                    path: path.trim().to_owned(),
                    text: String::new(),
                });
            } else if line.trim() == "//- file" {
                is_in_related = false;
            } else if let Some(snippet) = related.last_mut().filter(|_| is_in_related) {
                snippet.text.push_str(line.trim_end());
            } else {
                text.push_str(line);
            }
        }
        let offset = text.find("$0").expect("a fixture has a cursor");
        text.replace_range(offset..offset + 2, "");
        Self {
            text,
            offset,
            budget,
            related,
        }
    }
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let mut folders = vec![root.join(folder)];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(!files.is_empty(), "there are fixtures in {folder}");
    files
}

fn parsed(language_id: &str, text: &str) -> (Snapshot, Option<Tree>) {
    let documents = Documents::default();
    let uri = DocumentUri::new("file:///w/fixture");
    documents.open(uri.clone(), language_id, 1, text);
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(10));
    (snapshot, tree)
}

fn model(context_tokens: u32) -> ModelSpec {
    ModelSpec {
        id: ModelId::new("fixture"),
        tier: Tier::OpenSource,
        protocol: Protocol::Scripted,
        base_url: String::new(),
        model: String::new(),
        fim: None,
        region: None,
        price: PriceSource::Free,
        context_tokens,
        max_output_tokens: 0,
        first_token_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        is_canary: false,
        api_key: None,
    }
}

fn name_of(path: &Path) -> (String, String) {
    let folder = path.parent().and_then(Path::file_name);
    let folder = folder.and_then(|name| name.to_str()).unwrap_or_default();
    let stem = path.file_stem().and_then(|name| name.to_str());
    (folder.to_owned(), stem.unwrap_or_default().to_owned())
}

#[test]
#[cfg_attr(not(feature = "languages"), ignore = "a grammar is left out")]
fn every_place_has_its_site_its_surroundings_and_its_prompt() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let mut sites = String::new();
    for path in fixtures("context") {
        let (language, name) = name_of(&path);
        let fixture = Fixture::read(&path);
        let (snapshot, tree) = parsed(&language, &fixture.text);
        let offset = ByteOffset::new(fixture.offset);
        let file = format!("src/{name}");
        let context = collect(&snapshot, tree.as_ref(), offset, &file, &fixture.related);
        let bare = collect(&snapshot, None, offset, &file, &[]);
        let kind = |single_line| if single_line { "line" } else { "block" };
        writeln!(
            sites,
            "{:<32} {:<12} {:<6} without a tree: {:<12} {}",
            format!("{language}/{name}"),
            context.site.as_str(),
            kind(context.single_line),
            bare.site.as_str(),
            kind(bare.single_line),
        )
        .expect("writing to a string");

        // A budget is what is left of the context after the reserve of a tenth.
        let prompt = render(&context, &model(fixture.budget * 10 / 9 + 1));
        if fixture.budget < 2_048 {
            let mut out = format!("site: {}\n", context.site);
            for head in &context.enclosing {
                writeln!(out, "enclosed by: {}", head.text).expect("writing to a string");
            }
            for snippet in &prompt.snippets {
                writeln!(out, "--- {}\n{}", snippet.path, snippet.text).expect("writing");
            }
            let (prefix, suffix) = (&prompt.prefix, &prompt.suffix);
            writeln!(out, "--- prompt\n{prefix}█{suffix}").expect("writing to a string");
            settings.bind(|| insta::assert_snapshot!(format!("prompt_{language}_{name}"), out));
        }
        assert!(prompt.input_tokens.get() <= u64::from(fixture.budget) + 1);
        assert_eq!(
            prompt,
            render(&context, &model(fixture.budget * 10 / 9 + 1))
        );
    }
    settings.bind(|| insta::assert_snapshot!("sites", sites));
}

#[test]
#[cfg_attr(not(feature = "languages"), ignore = "a grammar is left out")]
fn the_queries_find_what_a_file_defines_uses_and_imports() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in fixtures("grammars") {
        let (_, name) = name_of(&path);
        let fixture = Fixture::read(&path);
        let language = Language::by_id(&name).expect("the file is named after its language");
        let (snapshot, tree) = parsed(&name, &fixture.text);
        let tree = tree.expect("it parses");
        let mut out = String::from("definitions\n");
        for one in definitions(language, &fixture.text) {
            let signature = one.signature.replace('\n', "⏎");
            let line = one.line + 1;
            writeln!(out, "{line:>4} {:?} {}: {signature}", one.kind, one.name).expect("writing");
        }
        out.push_str("imports\n");
        for range in imports(language, &tree, &snapshot.rope) {
            let text = snapshot.slice(range).trim_end().replace('\n', "⏎");
            writeln!(out, "     {text}").expect("writing");
        }
        let names = references(language, &tree, &snapshot.rope, 0..snapshot.len());
        writeln!(out, "references\n     {}", names.join(" ")).expect("writing");
        out.push_str("around the cursor\n");
        for scope in enclosing_scopes(language, &tree, &snapshot.rope, fixture.offset) {
            let head = snapshot.slice(scope.head).trim_end().replace('\n', "⏎");
            writeln!(out, "     {:?}: {head}", scope.kind).expect("writing");
        }
        settings.bind(|| insta::assert_snapshot!(format!("queries_{name}"), out));
    }
}
