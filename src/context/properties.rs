//! Laws of prompts, and what they hold for text that nobody planned for.

use std::time::Duration;

use proptest::prelude::*;

use super::counted::Counter;
use super::render::{FRAME_TOKENS, MULTI_LINE_OUTPUT, SINGLE_LINE_OUTPUT, fit, prompt_budget};
use super::{Context, collect, count_tokens};
use crate::documents::{Documents, Snapshot};
use crate::domain::{
    ByteOffset, DocumentUri, ModelId, ModelSpec, PriceSource, Prompt, Protocol, Snippet, Tier,
};

fn model(context_tokens: u32, max_output_tokens: u32) -> ModelSpec {
    ModelSpec {
        id: ModelId::new("m"),
        tier: Tier::OpenSource,
        protocol: Protocol::Scripted,
        base_url: String::new(),
        model: String::new(),
        fim: None,
        region: None,
        price: PriceSource::Free,
        context_tokens,
        max_output_tokens,
        first_token_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        is_canary: false,
        api_key: None,
    }
}

fn context_of(text: &str, offset: usize, related: &[Snippet]) -> Context {
    let documents = Documents::default();
    let uri = DocumentUri::new("file:///w/src/order.rs");
    documents.open(uri.clone(), "rust", 1, text);
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(10));
    let offset = ByteOffset::new(offset);
    collect(&snapshot, tree.as_ref(), offset, "src/order.rs", related)
}

/// Counts a prompt as a provider would, part by part.
fn exact(prompt: &Prompt) -> u64 {
    let snippets = prompt.snippets.iter().flat_map(|s| [&s.path, &s.text]);
    [
        &prompt.path,
        &prompt.language,
        &prompt.prefix,
        &prompt.suffix,
    ]
    .into_iter()
    .chain(snippets)
    .map(|text| count_tokens(text).get())
    .sum()
}

#[track_caller]
fn check_budget(context: &Context, spec: &ModelSpec, counter: Counter) {
    let prompt = fit(context, spec, counter);
    let told = prompt.input_tokens.get();
    assert!(exact(&prompt) <= told, "{} > {told}", exact(&prompt));
    // Even an empty prompt has its path and its frame.
    let most = prompt_budget(spec).max(FRAME_TOKENS + 32);
    assert!(told <= most, "{told} tokens are more than {most}");
    assert!(context.suffix.starts_with(&prompt.suffix));
    assert_eq!(
        prompt,
        fit(context, spec, counter),
        "equal states, equal bytes"
    );
}

/// Lines as people write them, with words from a few syllables.
fn code() -> impl Strategy<Value = String> {
    let word = prop::collection::vec(
        prop::sample::select(vec![
            "get", "order", "price", "Map", "to", "_", "len", "Id", "rate", "compute", "max",
        ]),
        1..4,
    )
    .prop_map(|parts| parts.concat());
    let line = (
        0..4usize,
        prop::collection::vec(word, 1..6),
        0..6usize,
        0..10_000u32,
    )
        .prop_map(|(indent, words, shape, number)| {
            let name = &words[0];
            let rest = words[1..].join(", ");
            let line = match shape {
                0 => format!("let {name} = self.{name}({rest});"),
                1 => format!("use {}::{name};", words.join("::")),
                2 => format!("// {} à propos 漢字 {number}", words.join(" ")),
                3 => format!("fn {name}({rest}: u{number}) -> u64 {{"),
                4 => "}".to_owned(),
                _ => format!("    {name}[{number}] => \"{rest} 👍\","),
            };
            format!("{}{line}\n", "    ".repeat(indent))
        });
    prop::collection::vec(line, 1..160).prop_map(|lines| lines.concat())
}

fn related() -> impl Strategy<Value = Vec<Snippet>> {
    let snippet =
        ("[a-z]{1,8}/[a-z]{1,8}.rs", code()).prop_map(|(path, text)| Snippet { path, text });
    prop::collection::vec(snippet, 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_prompt_never_exceeds_its_budget(
        text in code(),
        related in related(),
        place in any::<prop::sample::Index>(),
        context_tokens in 0..4_000u32,
        max_output in 0..300u32,
    ) {
        let context = Context {
            edits: related.clone(),
            ..context_of(&text, place.index(text.len()), &related)
        };
        let spec = model(context_tokens, max_output);
        check_budget(&context, &spec, Counter::Estimate);
        check_budget(&context, &spec, Counter::Exact);
    }

    #[test]
    fn a_tree_of_another_text_does_no_harm(
        text in code(),
        other in "(.{0,20}|fn f\\(a: u8\\) \\{\n|    \\}\n|# é\n){0,40}",
        language in prop::sample::select(vec!["rust", "python", "typescript", "go"]),
        place in any::<prop::sample::Index>(),
    ) {
        let documents = Documents::default();
        let uri = DocumentUri::new("file:///w/a");
        documents.open(uri.clone(), language, 1, &text);
        let snapshot = documents.snapshot(&uri).expect("it is open");
        let tree = documents.parse(&snapshot, Duration::from_secs(10));
        let offset = ByteOffset::new(place.index(other.len() + 1));
        let snapshot = Snapshot::of_text(uri, language, &other);
        let context = collect(&snapshot, tree.as_ref(), offset, "a", &[]);
        check_budget(&context, &model(300, 0), Counter::Exact);
        prop_assert!(other[..context.offset.get()].ends_with(&context.prefix));
    }

    #[test]
    fn an_exact_prompt_never_exceeds_its_budget_whatever_the_text(
        pieces in prop::collection::vec(".{0,40}|\\s{1,9}|[a-zA-Z0-9+/]{40,90}", 1..60),
        place in any::<prop::sample::Index>(),
        context_tokens in 0..1_500u32,
    ) {
        let text = pieces.join("\n");
        let context = context_of(&text, place.index(text.len() + 1), &[]);
        check_budget(&context, &model(context_tokens, 0), Counter::Exact);
    }
}

#[test]
fn one_endless_line_is_cut_around_the_cursor() {
    let text = "let a = [".to_owned() + &"17, ".repeat(20_000) + "];";
    let context = context_of(&text, 40_001, &[]);
    for counter in [Counter::Estimate, Counter::Exact] {
        let spec = model(1_000, 100);
        check_budget(&context, &spec, counter);
        let prompt = fit(&context, &spec, counter);
        assert!(prompt.prefix.len() > 400, "{} bytes", prompt.prefix.len());
        assert!(context.prefix.ends_with(&prompt.prefix));
        assert!(prompt.suffix.len() > 100, "{} bytes", prompt.suffix.len());
    }
}

#[test]
fn a_run_of_blanks_does_not_stop_the_clock() {
    let text = " ".repeat(60_000) + &"\n".repeat(60_000) + &"a".repeat(60_000);
    assert!(count_tokens(&text).get() > 100);
    check_budget(
        &context_of(&text, 60_000, &[]),
        &model(800, 0),
        Counter::Exact,
    );
}

#[test]
fn typing_does_not_move_the_beginning_of_the_prompt() {
    let line = |i: usize| format!("    let value_{i} = compute({i});\n");
    let above: String = (0..1_500).map(line).collect();
    let below: String = (2_000..2_100).map(line).collect();
    let spec = model(3_000, 200);
    let mut typed = String::new();
    let mut beginnings = std::collections::HashSet::new();
    for step in 0..120 {
        typed.push_str(if step % 12 == 11 { ";\n    " } else { "x" });
        let text = format!("fn f() {{\n{above}{typed}\n{below}}}\n");
        let offset = "fn f() {\n".len() + above.len() + typed.len();
        let prompt = fit(&context_of(&text, offset, &[]), &spec, Counter::Exact);
        beginnings.insert(prompt.prefix[..400].to_owned());
    }
    assert!(beginnings.len() <= 2, "{} beginnings", beginnings.len());
}

#[test]
fn what_is_most_useful_stays_and_is_shown_in_steady_order() {
    let snippet = |path: &str, lines: usize| Snippet {
        path: path.to_owned(),
        text: "fn helper(order: Order) -> u64;\n".repeat(lines),
    };
    let ranked = [snippet("z.rs", 8), snippet("b.rs", 400), snippet("a.rs", 8)];
    let context = context_of("fn main() {\n    \n}\n", 16, &ranked);
    let prompt = fit(&context, &model(2_000, 0), Counter::Exact);
    let paths: Vec<_> = prompt.snippets.iter().map(|s| s.path.as_str()).collect();
    assert_eq!(paths, ["a.rs", "z.rs"], "the long one does not fit");
    assert_eq!(prompt.prefix, "fn main() {\n    ");
    assert_eq!(prompt.suffix, "\n}\n");
}

#[test]
fn an_answer_within_a_line_gets_fewer_tokens() {
    let most = |text: &str| {
        let offset = text.find('|').expect("a cursor");
        let text = text.replace('|', "");
        let spec = model(2_000, 512);
        fit(&context_of(&text, offset, &[]), &spec, Counter::Exact).max_output_tokens
    };
    assert_eq!(most("fn main() { let a = |; }"), SINGLE_LINE_OUTPUT);
    assert_eq!(most("fn main() {\n    |\n}\n"), MULTI_LINE_OUTPUT);
}

#[test]
fn a_text_in_no_known_language_has_a_prompt_too() {
    let uri = DocumentUri::new("untitled:1");
    let snapshot = Snapshot::of_text(uri, "plaintext", "Dear all,\nwe meet ");
    let context = collect(
        &snapshot,
        None,
        ByteOffset::new(usize::MAX),
        "untitled",
        &[],
    );
    let prompt = fit(&context, &model(500, 10), Counter::Exact);
    assert_eq!(prompt.prefix, "Dear all,\nwe meet ");
    assert_eq!(prompt.language, "plaintext");
}
