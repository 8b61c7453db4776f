//! Laws of a suggestion, for text that nobody planned for.

use proptest::prelude::*;

use super::super::surroundings::Surroundings;
use super::super::{EarlyStop, finish};
use super::context_of;
use crate::context::Context;

const PLACES: [(&str, &str); 12] = [
    ("rust", "fn main() {\n    $0\n}\n\nfn two() {}\n"),
    ("rust", "fn main() {\n    call(f($0), b);\n    done();\n}\n"),
    ("rust", "impl A {\n    $0\n}\n"),
    ("rust", "// one $0\nfn main() {}\n"),
    ("python", "def f(a):\n    if a:\n        $0\n    return a\n"),
    ("python", "class A:\n    def f(self):\n        pass\n\n$0\n"),
    ("go", "func f() {\n\tif a {\n\t\t$0\n\t}\n}\n"),
    ("typescript", "const a = { b: \"$0\" };\n"),
    (
        "typescriptreact",
        "const a = (\n  <p>\n    $0\n  </p>\n);\n",
    ),
    ("c", "int a[] = {$0\n"),
    ("kotlin", "fun main() {\r\n    $0\r\n}\r\n"),
    ("markdown", "# A\n\n$0\n"),
];

/// Pieces of which answers are made: all that a filter looks at, in any order.
const PIECES: &str = "(\n|\n    |\n\t|\r\n|\r| |  |\t|[a-c]{1,3}|if a:|fn a\\(\\) \\{|done\\(\\);|return a|call\\(|f\\(|\\)|\\(|\\]|\\[|\\{|\\}|;|,|\"|'|`|//|/\\*|#|```|```rust\n|Here is code:\n|<EOT>|<\\|endoftext\\|>|<\\||\\|>|é|漢|👍|else|\\} else \\{|case 1:|\\$\\{|end){0,40}";

fn place() -> impl Strategy<Value = Context> {
    proptest::sample::select(PLACES.to_vec())
        .prop_map(|(language, file)| context_of(language, file))
}

/// Returns the text without the blanks that begin its lines.
fn without_indentation(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = text.split('\n').map(str::trim_start).collect();
    lines.join("\n")
}

/// Returns whether a text holds a bracket that stands after the cursor already.
fn doubles_a_bracket(context: &Context, text: &str) -> bool {
    Surroundings::of(context).follow_text(text).excess.is_some()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn finishing_holds_its_laws(context in place(), raw in PIECES) {
        let Ok(finished) = finish(&raw, &context) else { return Ok(()) };
        let text = &finished.text;
        prop_assert!(!text.contains('\r'));
        prop_assert!(!text.trim().is_empty());
        let again = finish(text, &context);
        prop_assert_eq!(again.map(|again| again.text), Ok(text.clone()), "finishing twice");
        prop_assert!(
            without_indentation(text).len() <= without_indentation(&raw).len(),
            "it grew by more than indentation"
        );
        let is_code = !Surroundings::of(&context).is_prose;
prop_assert!(!is_code || !doubles_a_bracket(&context, text), "a bracket stands twice");
    }

    #[test]
    fn finishing_takes_any_text(context in place(), raw in "\\PC{0,200}") {
        if let Ok(finished) = finish(&raw, &context) {
            prop_assert!(!finished.text.is_empty());
        }
    }

    #[test]
    fn any_split_of_a_stream_gives_the_same_verdict(
        context in place(),
        raw in PIECES,
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..8),
    ) {
        let mut whole = EarlyStop::new(&context);
        let verdict = whole.push(&raw);
        let mut places: Vec<usize> =
            cuts.iter().map(|cut| raw.floor_char_boundary(cut.index(raw.len() + 1))).collect();
        places.extend([0, raw.len()]);
        places.sort_unstable();
        let mut split = EarlyStop::new(&context);
        let mut pieces = places.windows(2).map(|pair| split.push(&raw[pair[0]..pair[1]]));
        // A closed stream brings no more chunks.
        let stopped = pieces.find(std::ops::ControlFlow::is_break);
        drop(pieces);
        prop_assert_eq!(stopped.is_some(), verdict.is_break());
        prop_assert_eq!(split.stopped_by(), whole.stopped_by());
        prop_assert_eq!(split.kept(), whole.kept());
        prop_assert_eq!(split.skipped(), whole.skipped());
    }

    #[test]
    fn what_comes_after_a_stop_does_not_survive(context in place(), raw in PIECES, more in PIECES) {
        let mut stop = EarlyStop::new(&context);
        if stop.push(&raw).is_break() {
            let text = |raw: &str| finish(raw, &context).map(|finished| finished.text);
            prop_assert_eq!(text(&raw), text(&format!("{raw}{more}")));
        }
    }
}

#[test]
fn every_split_of_a_token_is_seen() {
    let context = context_of("rust", "fn main() {\n    $0\n}\n");
    let raw = "run();\r\n    print(\"é}\");<｜fim▁begin｜>more\n}\n";
    for (at, _) in raw.char_indices() {
        let mut stop = EarlyStop::new(&context);
        let is_break = stop.push(&raw[..at]).is_break() || stop.push(&raw[at..]).is_break();
        assert!(is_break, "split at {at}");
        assert_eq!(stop.kept(), "run();\n    print(\"é}\");", "split at {at}");
    }
}
