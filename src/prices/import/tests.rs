use super::*;
use crate::domain::{Timestamp, TokenCount};
use crate::prices::{Change, PriceRow, differences};

const LITELLM: &str = include_str!("../../../tests/fixtures/prices/litellm.json");
const GENAI: &str = include_str!("../../../tests/fixtures/prices/genai-prices.json");
const MODELS_DEV: &str = include_str!("../../../tests/fixtures/prices/models-dev.json");
const NOVEMBER_2026: Timestamp = Timestamp::from_unix_micros(1_794_441_600_000_000);

fn read(text: &str, selection: Selection) -> Import {
    import(text, None, &selection, PriceBook::bundled()).expect("a catalogue")
}

fn everything(text: &str) -> Import {
    read(
        text,
        Selection {
            all: true,
            ..Selection::default()
        },
    )
}

fn row<'b>(import: &'b Import, key: &str) -> &'b PriceRow {
    let row = import.book.listed(key, NOVEMBER_2026);
    row.unwrap_or_else(|| panic!("{key} was not taken: {:?}", import.skipped))
}

#[track_caller]
fn check_skipped(import: &Import, key: &str, why: &str) {
    let skipped = import.skipped.iter().find(|skipped| skipped.key == key);
    let skipped = skipped.unwrap_or_else(|| panic!("{key} was taken"));
    assert!(skipped.why.contains(why), "{}", skipped.why);
}

#[test]
fn the_format_is_told_by_the_shape() {
    for (text, format) in [
        (LITELLM, Format::LiteLlm),
        (GENAI, Format::GenaiPrices),
        (MODELS_DEV, Format::ModelsDev),
    ] {
        assert_eq!(everything(text).format, format);
    }
    for text in ["{}", "[]", "7", "[{}]"] {
        let error = import(text, None, &Selection::default(), PriceBook::bundled());
        assert!(matches!(error, Err(ImportError::UnknownFormat)), "{text}");
    }
    let error = import("[", None, &Selection::default(), PriceBook::bundled());
    assert!(matches!(error, Err(ImportError::Json(_))));
    let wrong = Some(Format::LiteLlm);
    let error = import("[]", wrong, &Selection::default(), PriceBook::bundled());
    assert!(matches!(error, Err(ImportError::Shape { .. })));
}

#[test]
fn dollars_per_token_become_our_unit_under_our_key() {
    let import = everything(LITELLM);
    let codestral = row(&import, "mistral/codestral-2508");
    assert_eq!(codestral.rates.input.to_string(), "0.30");
    assert_eq!(codestral.rates.cache_read.to_string(), "0.03");
    assert_eq!(codestral.rates.output.to_string(), "0.90");
    // The bundled book knows this row by another key than the table.
    let haiku = row(&import, "anthropic/claude-haiku-5-5");
    assert_eq!(haiku.rates.cache_write_1h.to_string(), "0.20");
    assert_eq!(haiku.cache_min_tokens, Some(512));
    assert_eq!(haiku.regional_uplift_percent["us"], 10);
    // Above 100,000 tokens the whole request costs five times as much.
    let long = haiku.rates_for(TokenCount::new(100_001));
    assert_eq!(
        (long.input.to_string(), long.output.to_string()),
        ("0.50".into(), "2.50".into())
    );
    assert_eq!(haiku.rates_for(TokenCount::new(100_000)), &haiku.rates);
}

#[test]
fn a_price_of_zero_is_not_known_unless_it_is_said_to_be_free() {
    let key = "codestral/codestral-latest";
    check_skipped(&everything(LITELLM), key, "--free");
    let free = read(
        LITELLM,
        Selection {
            free: true,
            keys: vec!["codestral/*".to_owned()],
            ..Selection::default()
        },
    );
    assert!(row(&free, key).rates.are_free());
}

#[test]
fn thresholds_are_inclusive_where_the_seller_says_so() {
    for (text, key) in [(LITELLM, "xai/grok-4.7"), (GENAI, "xai/grok-4.20")] {
        let import = everything(text);
        let grok = row(&import, key);
        assert_ne!(
            grok.rates_for(TokenCount::new(200_000)),
            &grok.rates,
            "{key}"
        );
        assert_eq!(
            grok.rates_for(TokenCount::new(199_999)),
            &grok.rates,
            "{key}"
        );
    }
}

#[test]
fn off_peak_hours_mean_the_same_in_both_catalogues() {
    // One stores the peak as the base, the other the off-peak price.
    let monday_at =
        |hour: i64| Timestamp::from_unix_micros((1_795_392_000 + hour * 3_600) * 1_000_000);
    for text in [LITELLM, GENAI] {
        let import = everything(text);
        let input = |hour| {
            let row = import.book.find("deepseek/deepseek-flash", monday_at(hour));
            row.map(|row| row.rates.input.to_string())
        };
        for (hour, price) in [
            (0, "0.15"),
            (1, "0.30"),
            (9, "0.30"),
            (10, "0.15"),
            (23, "0.15"),
        ] {
            assert_eq!(input(hour).as_deref(), Some(price), "{hour} o'clock");
        }
    }
    check_skipped(&everything(GENAI), "deepseek/deepseek-chat", "full hours");
}

#[test]
fn prices_by_ranges_of_the_input_become_steps() {
    let import = everything(LITELLM);
    let qwen = row(&import, "dashscope/qwen3-coder-plus");
    let price = |tokens| qwen.rates_for(TokenCount::new(tokens)).input.to_string();
    assert_eq!(
        [32_000, 32_001, 128_001, 256_001].map(price),
        ["1.00", "1.80", "3.00", "6.00"]
    );
}

#[test]
fn announced_changes_are_dated_rows() {
    let import = everything(GENAI);
    let key = "google/gemini-4-argon";
    assert_eq!(row(&import, key).rates.input.to_string(), "2.00");
    let december = Timestamp::from_unix_micros(1_796_083_200_000_000);
    let later = import.book.listed(key, december).expect("a later price");
    assert_eq!(later.rates.input.to_string(), "4.00");
}

#[test]
fn models_dev_is_read_with_its_one_step() {
    let import = everything(MODELS_DEV);
    let gemini = row(&import, "google/gemini-3.1-pro-preview");
    let long = gemini.rates_for(TokenCount::new(200_001));
    assert_eq!(long.cache_read.to_string(), "0.40");
    check_skipped(&import, "google/embedder", "no price");
    check_skipped(&import, "mistral/free-one", "not known");
}

#[test]
fn only_keys_of_the_book_are_taken_unless_others_are_named() {
    let import = read(LITELLM, Selection::default());
    assert!(
        import
            .book
            .keys()
            .all(|key| PriceBook::bundled().keys().any(|known| known == key))
    );
    let by_time = "bedrock/*/1-month-commitment/cohere.command-light-text-v14";
    check_skipped(&import, by_time, "--key NAME");
    let named = Selection {
        keys: vec!["*command-light*".to_owned()],
        ..Selection::default()
    };
    // 0.001902 USD for a second of a call.
    let import = read(LITELLM, named);
    assert_eq!(row(&import, by_time).per_hour.to_string(), "$6.847200");
}

#[test]
fn a_wrong_unit_is_not_taken() {
    // Dollars per million tokens in a field that holds dollars per token.
    let text = LITELLM.replacen("3e-07", "0.3", 1);
    assert_ne!(text, LITELLM);
    check_skipped(
        &everything(&text),
        "mistral/codestral-2508",
        "unit looks wrong",
    );
}

#[test]
fn a_tenfold_change_is_seen_and_a_cache_that_is_not_spoken_of_is_not_one() {
    let tenfold = |text: &str| {
        let import = everything(text);
        differences(PriceBook::bundled(), &import.book, NOVEMBER_2026)
            .into_iter()
            .filter(|difference| difference.is_tenfold())
            .map(|difference| difference.key)
            .collect::<Vec<_>>()
    };
    assert_eq!(tenfold(LITELLM), [""; 0]);
    let changed = LITELLM.replacen("3e-07", "3e-06", 1);
    assert_eq!(tenfold(&changed), ["mistral/codestral-2508"]);
    // The list has a cache price of a tenth of the input's, the other catalogue none.
    assert_eq!(tenfold(GENAI), [""; 0]);
}

#[test]
fn an_import_goes_into_the_users_file_and_leaves_its_other_keys() {
    let first = everything(MODELS_DEV)
        .merged_into(None, "a.json", "2026-11-28")
        .expect("a file");
    let second = read(
        LITELLM,
        Selection {
            keys: vec!["mistral/codestral-2508".to_owned()],
            ..Selection::default()
        },
    );
    let both = second
        .merged_into(Some(&first), "b.json", "2026-11-29")
        .expect("a file");
    let book = PriceBook::parse(&both).expect("what was written can be read");
    assert!(
        book.listed("google/gemini-3.1-pro-preview", NOVEMBER_2026)
            .is_some()
    );
    assert!(both.contains("a.json") && both.contains("b.json"));
    let again = second
        .merged_into(Some(&both), "b.json", "2026-11-29")
        .expect("a file");
    assert_eq!(both, again, "importing twice changes nothing");
    // What is broken is left to its owner.
    assert!(
        second
            .merged_into(Some("{}"), "b.json", "2026-11-29")
            .is_err()
    );
    let same = differences(&second.book, &book, NOVEMBER_2026);
    let prices = same
        .iter()
        .any(|one| matches!(one.change, Change::Prices(_)));
    assert!(!prices, "{same:?}");
}
