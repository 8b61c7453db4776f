//! Every fixture of `tests/fixtures/finish/<filter>/` is what it says.
//!
//! A fixture begins with `language: ID` and `filter: acts` or `filter: spares`; then come `--- file`
//! with `$0` at the cursor, `--- model` with the raw answer, and either `--- insert` with the
//! suggestion or `--- dropped by FILTER`. A section ends before the line break of the next mark.
//! `␍`, `␠`, `␉` are a carriage return, a blank and a tab where they would be hard to see, and
//! `␀` is nothing: it keeps made-up secrets from looking like real ones.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::{Filter, finish};
use super::context_of;
use crate::documents::Language;

/// A fixture, read.
#[derive(PartialEq, Eq, Debug)]
struct Fixture {
    language: String,
    acts: bool,
    file: String,
    model: String,
    expected: Result<String, Filter>,
}

fn filter_of(name: &str) -> Option<Filter> {
    Filter::ALL.iter().copied().find(|f| f.as_str() == name)
}

impl Fixture {
    fn read(text: &str) -> Result<Self, String> {
        let text = text
            .strip_suffix('\n')
            .ok_or("it does not end with a line break")?
            .replace('␍', "\r")
            .replace('␠', " ")
            .replace('␉', "\t")
            .replace('␀', "");
        let mut sections = text.split("\n--- ");
        let header = sections.next().unwrap_or_default();
        let mut lines = header.lines();
        let mut field = |name: &str| {
            let line = lines.next().unwrap_or_default();
            let value = line.strip_prefix(name).map(str::trim);
            value.ok_or(format!("`{line}` is not `{name} …`"))
        };
        let language = field("language:")?.to_owned();
        let acts = match field("filter:")? {
            "acts" => true,
            "spares" => false,
            other => return Err(format!("a filter acts or spares, not `{other}`")),
        };
        if let Some(line) = lines.next() {
            return Err(format!("`{line}` is no line of the header"));
        }
        let mut section = |mark: &str| {
            let section = sections.next().unwrap_or_default();
            let rest = section.strip_prefix(mark);
            let text =
                rest.and_then(|rest| rest.strip_prefix('\n').or(rest.is_empty().then_some("")));
            text.map(str::to_owned)
                .ok_or(format!("`--- {mark}` is missing: {section}"))
        };
        let file = section("file")?;
        let model = section("model")?;
        if file.matches("$0").count() != 1 {
            return Err("the file has not one cursor".to_owned());
        }
        let last = sections.next().unwrap_or_default();
        let expected = if let Some(text) = last.strip_prefix("insert\n") {
            Ok(text.to_owned())
        } else if let Some(name) = last.strip_prefix("dropped by ") {
            Err(filter_of(name).ok_or(format!("there is no filter `{name}`"))?)
        } else {
            return Err(format!("`{last}` is no end"));
        };
        match sections.next() {
            None => Ok(Self {
                language,
                acts,
                file,
                model,
                expected,
            }),
            Some(more) => Err(format!("`{more}` comes after the end")),
        }
    }

    /// Returns what is wrong with what is made of it.
    fn fault(&self, filter: Filter) -> Option<String> {
        let language = Language::by_id(&self.language);
        if language.is_some_and(|language| !language.has_grammar()) {
            // What it says is what happens with a tree.
            return None;
        }
        let context = context_of(&self.language, &self.file);
        let finished = finish(&self.model, &context);
        let acted = match &finished {
            Ok(finished) => finished.touched.contains(&filter),
            Err(dropped) => *dropped == filter,
        };
        let text = finished.clone().map(|finished| finished.text);
        if text != self.expected {
            return Some(format!(
                "expected {:?}\n     got {finished:?}",
                self.expected
            ));
        }
        (acted != self.acts).then(|| format!("acts: {acted}: {finished:?}"))
    }
}

#[test]
fn every_fixture_is_what_it_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/finish");
    let mut faults = Vec::new();
    let mut seen: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in std::fs::read_dir(&root).expect("the folder is there") {
        let folder = entry.expect("it can be listed").path();
        let name = folder.file_name().and_then(|name| name.to_str());
        let Some(filter) = name.and_then(filter_of).filter(|_| folder.is_dir()) else {
            faults.push(format!("{}: no folder of a filter", folder.display()));
            continue;
        };
        let counts = seen.entry(filter.as_str()).or_default();
        for entry in std::fs::read_dir(&folder).expect("the folder is there") {
            let path = entry.expect("it can be listed").path();
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let is_text = path.extension().is_some_and(|extension| extension == "txt");
            let fault = match Fixture::read(&text) {
                _ if !is_text => Some("no .txt file".to_owned()),
                Err(fault) => Some(fault),
                Ok(fixture) => {
                    counts.0 += usize::from(fixture.acts);
                    counts.1 += usize::from(!fixture.acts);
                    fixture.fault(filter)
                }
            };
            faults.extend(fault.map(|fault| format!("{}: {fault}", path.display())));
        }
    }
    for filter in Filter::ALL {
        let (acts, spares) = seen.get(filter.as_str()).copied().unwrap_or_default();
        if acts == 0 || spares == 0 {
            faults.push(format!(
                "{filter} needs a fixture that acts and one that spares"
            ));
        }
    }
    let all: usize = seen.values().map(|(acts, spares)| acts + spares).sum();
    assert!(all >= 60, "fixtures were lost: {all} are left");
    faults.sort();
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn a_malformed_fixture_is_not_read() {
    let whole = "language: rust\nfilter: acts\n--- file\n$0\n--- model\na\n--- insert\na\n";
    assert!(Fixture::read(whole).is_ok());
    let faults = [
        ("language: rust\n", ""),
        ("filter: acts", "filter: sometimes"),
        ("--- file", "--- text"),
        ("$0", "no cursor"),
        ("$0", "$0 $0"),
        ("--- insert\na", "--- dropped by nobody"),
        ("--- insert\na\n", ""),
        ("--- insert\na\n", "--- insert\na"),
        ("--- insert\na\n", "--- insert\na\n--- insert\nb\n"),
        ("--- file", "crate: a\n--- file"),
    ];
    for (from, to) in faults {
        let broken = whole.replacen(from, to, 1);
        assert!(Fixture::read(&broken).is_err(), "{broken}");
    }
}
