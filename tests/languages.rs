//! The page `docs/languages.md` says what the data in `grammars/` says; and editors' own names for
//! languages lead to them.

use std::fmt::Write;
use std::path::Path;

use mantle_ls::documents::{Language, Snapshot};
use mantle_ls::domain::DocumentUri;
use mantle_ls::inhouse::family;

/// The query files, in the order of the table's columns.
const QUERIES: [&str; 4] = ["scopes", "imports", "definitions", "references"];

/// What the page has between its two marks.
fn table() -> String {
    let mut out = String::from(
        "| language | other ids | files | scopes | imports | definitions | references | blocks | family | grammar | feature |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n",
    );
    let mut reasons = String::new();
    for language in Language::all() {
        let code = |names: &[String], dot: &str| {
            let names: Vec<_> = names.iter().map(|n| format!("`{dot}{n}`")).collect();
            names.join(" ")
        };
        let files = [
            code(&language.extensions, "."),
            code(&language.file_names, ""),
        ];
        let depth = QUERIES.map(|query| {
            if language.absent.contains_key(query) {
                "–"
            } else {
                "yes"
            }
        });
        let (name, licence) = &language.grammar_crate;
        writeln!(
            out,
            "| `{}` | {} | {} | {} | {} | {} | {name} ({licence}) | {} |",
            language.id,
            code(&language.names, ""),
            files.join(" ").trim_end(),
            depth.join(" | "),
            language.block_style.as_str(),
            family(language.id),
            language
                .feature()
                .map_or("–".to_owned(), |f| format!("`{f}`")),
        )
        .expect("writing to a string");
        for query in QUERIES {
            if let Some(reason) = language.absent.get(query) {
                writeln!(reasons, "- `{}` has no {query}: {reason}.", language.id)
                    .expect("writing to a string");
            }
        }
    }
    format!("{out}\n{reasons}")
}

#[test]
fn the_page_has_the_table_that_the_data_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/languages.md");
    let page = std::fs::read_to_string(path).expect("the page is there");
    let (_, rest) = page.split_once("<!-- table -->\n").expect("the first mark");
    let (table_of_page, _) = rest.split_once("<!-- end -->").expect("the second mark");
    let expected = table();
    assert!(
        table_of_page == expected,
        "put this between the marks of docs/languages.md:\n{expected}"
    );
}

#[test]
fn what_editors_call_a_language_leads_to_it() {
    // Ids of VS Code, file types of Neovim, modes of Emacs.
    for (name, id) in [
        ("javascriptreact", "javascript"),
        ("typescriptreact", "typescriptreact"),
        ("shellscript", "shellscript"),
        ("sh", "shellscript"),
        ("bash", "shellscript"),
        ("cs", "csharp"),
        ("csharp", "csharp"),
        ("jsonc", "json"),
        ("dockercompose", "yaml"),
        ("yaml.docker-compose", "yaml"),
        ("github-actions-workflow", "yaml"),
        ("pgsql", "sql"),
        ("sbt", "scala"),
        ("quarto", "markdown"),
    ] {
        let language = Language::by_id(name).unwrap_or_else(|| panic!("nobody knows {name}"));
        assert_eq!(language.id, id, "{name}");
    }
}

#[test]
fn a_language_that_does_not_fit_a_grammar_has_none() {
    // Close to CSS, Bash, HTML, Lua; their own syntax would be mistakes to those grammars.
    for name in [
        "scss",
        "less",
        "sass",
        "zsh",
        "fish",
        "vue",
        "svelte",
        "luau",
        "dockerfile",
    ] {
        let uri = DocumentUri::new(format!("file:///w/a.{name}"));
        let snapshot = Snapshot::of_text(uri, name, "a");
        assert!(snapshot.language.is_none(), "{name}");
    }
}
