//! Recorded shapes of every protocol: `tests/fixtures/wires/<protocol>/<case>`, each with what must
//! come of it beside it, down to the cost under fixed rates.
//!
//! The shapes are made by hand to what the providers document; the expected figures are added up by
//! hand from the provider's own counts. A case never depends on how its bytes arrive.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use proptest::prelude::*;
use serde::Deserialize;

use super::stream::{Heard, read_framed};
use crate::domain::{Completion, Finish, PricePerMTok, Protocol, Rates, Usage};
use crate::models::ModelError;
use crate::models::frames::Framing;
use crate::prices::cost_at;

/// What every provider can do to us; what one cannot is in [`NEVER`].
const CASES: [&str; 8] = [
    "plain",
    "streamed",
    "cached",
    "reasoning",
    "usage-twice",
    "usage-missing",
    "error-in-stream",
    "cut-off",
];
const NEVER: &[(Protocol, &str)] = &[
    // It has no word for what a model reasons: all of it is text.
    (Protocol::LlamaCpp, "reasoning"),
    // Its cache is not told.
    (Protocol::Ollama, "cached"),
    // Its models do not reason.
    (Protocol::MistralFim, "reasoning"),
];

/// USD per million tokens: 1 in, 0.10 read, 1.25 and 2 written, 5 out.
const RATES: Rates = Rates {
    input: PricePerMTok::from_micro_usd(1_000_000),
    cache_read: PricePerMTok::from_micro_usd(100_000),
    cache_write: PricePerMTok::from_micro_usd(1_250_000),
    cache_write_1h: PricePerMTok::from_micro_usd(2_000_000),
    output: PricePerMTok::from_micro_usd(5_000_000),
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    text: String,
    usage: Usage,
    finish: Option<Finish>,
    cost_pico_usd: Option<i64>,
    error: Option<ExpectedError>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedError {
    kind: Option<String>,
    after_text: bool,
}

struct Case {
    protocol: Protocol,
    name: String,
    framing: Framing,
    body: String,
    expected: Expected,
}

impl Case {
    fn at(path: &Path) -> Option<Self> {
        let framing = match path.extension()?.to_str()? {
            "sse" => Framing::Events,
            "ndjson" => Framing::Lines,
            "json" if !path.to_str()?.ends_with(".expected.json") => Framing::Whole,
            _ => return None,
        };
        let text = |path: &Path| {
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
        };
        let folder = path.parent()?.file_name()?.to_str()?;
        let expected = text(&path.with_extension("expected.json"));
        Some(Self {
            protocol: Protocol::from_name(folder).expect("a folder is named as its protocol"),
            name: path.file_stem()?.to_str()?.to_owned(),
            framing,
            body: text(path),
            expected: serde_json::from_str(&expected)
                .unwrap_or_else(|error| panic!("what is expected of {path:?}: {error}")),
        })
    }

    fn read(&self, pieces: &[&[u8]]) -> Heard {
        read_framed(self.protocol, self.framing, pieces)
    }

    #[track_caller]
    fn check(&self) {
        let (answer, heard) = self.read(&[self.body.as_bytes()]);
        let (expected, name) = (&self.expected, format!("{}/{}", self.protocol, self.name));
        assert_eq!(heard.joined(), expected.text, "{name}");
        assert_eq!(heard.usage, expected.usage, "{name}");
        match &expected.error {
            None => {
                let finish = expected.finish.expect("an answer says why it ended");
                let completion = Completion {
                    text: expected.text.clone(),
                    usage: expected.usage,
                    finish,
                };
                assert_eq!(answer, Ok(completion), "{name}");
                let cost = cost_at(&RATES, &heard.usage).map(crate::domain::Money::pico_usd);
                assert_eq!(cost, expected.cost_pico_usd, "{name}");
            }
            Some(error) => assert_eq!(
                answer,
                Err(ModelError::InStream {
                    kind: error.kind.clone(),
                    after_text: error.after_text,
                }),
                "{name}"
            ),
        }
    }

    /// Returns the body as other servers would frame it: with other line ends, and with comments
    /// and blank lines wherever they are allowed.
    fn variants(&self) -> Vec<String> {
        let body = &self.body;
        match self.framing {
            Framing::Whole => vec![body.clone(), format!("\n {body}\r\n")],
            Framing::Lines => vec![
                body.clone(),
                body.replace('\n', "\r\n"),
                format!("\n{}", body.replace('\n', "\n\n")),
            ],
            Framing::Events => {
                let commented = format!(
                    ": hello\n\n{}",
                    body.replace("\n\n", "\n\n: ping\n\n:\nretry: 10\nid: 7\n")
                );
                vec![
                    body.clone(),
                    body.replace('\n', "\r\n"),
                    commented.replace('\n', "\r\n"),
                    commented,
                ]
            }
        }
    }
}

static ALL: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wires");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder:?}: {e}"));
        let mut paths: Vec<_> = entries.map(|e| e.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let cases: Vec<Case> = list(&root)
        .iter()
        .flat_map(|folder| list(folder))
        .filter_map(|path| Case::at(&path))
        .collect();
    assert!(!cases.is_empty(), "the walk finds the recorded shapes");
    cases
});

#[test]
fn every_shape_gives_the_text_usage_cost_and_end_that_stand_beside_it() {
    for case in ALL.iter() {
        case.check();
    }
}

#[test]
fn every_protocol_has_every_case_that_it_can_meet() {
    let mut found: BTreeMap<Protocol, Vec<&str>> = BTreeMap::new();
    for case in ALL.iter() {
        found.entry(case.protocol).or_default().push(&case.name);
    }
    for &protocol in Protocol::ALL {
        let has = |case: &str| found.get(&protocol).is_some_and(|all| all.contains(&case));
        for case in CASES {
            let is_expected = protocol != Protocol::Scripted && !NEVER.contains(&(protocol, case));
            assert_eq!(has(case), is_expected, "{protocol}: {case}");
        }
    }
}

#[test]
fn no_shape_depends_on_where_its_bytes_are_cut() {
    for case in ALL.iter() {
        let whole = case.read(&[case.body.as_bytes()]);
        for variant in case.variants() {
            let bytes = variant.as_bytes();
            let name = format!("{}/{}: {variant}", case.protocol, case.name);
            assert_eq!(case.read(&[bytes]), whole, "{name}");
            assert_eq!(
                case.read(&bytes.chunks(1).collect::<Vec<_>>()),
                whole,
                "{name}"
            );
            for at in 1..bytes.len() {
                let (head, tail) = bytes.split_at(at);
                assert_eq!(case.read(&[head, tail]), whole, "cut at byte {at}: {name}");
            }
        }
    }
}

proptest! {
    #[test]
    fn no_shape_depends_on_how_often_its_bytes_are_cut(
        case in any::<prop::sample::Index>(),
        variant in any::<prop::sample::Index>(),
        mut cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let case = case.get(&ALL);
        let variants = case.variants();
        let bytes = variant.get(&variants).as_bytes();
        let mut pieces = Vec::new();
        let mut rest = bytes;
        cuts.sort_by_key(|cut| cut.index(bytes.len()));
        for cut in cuts {
            let at = cut.index(bytes.len()) - (bytes.len() - rest.len());
            let (head, tail) = rest.split_at(at);
            pieces.push(head);
            rest = tail;
        }
        pieces.push(rest);
        prop_assert_eq!(case.read(&pieces), case.read(&[case.body.as_bytes()]));
    }

    #[test]
    fn no_byte_that_is_changed_on_the_way_makes_it_panic(
        case in any::<prop::sample::Index>(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let case = case.get(&ALL);
        let mut bytes = case.body.clone().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let (answer, heard) = case.read(&[&bytes]);
        if let Ok(answer) = answer {
            prop_assert_eq!(answer.text, heard.joined());
            prop_assert_eq!(answer.usage, heard.usage);
        }
    }
}
