//! A month's margin through the commands that people use: what is booked by `mantle revenue import`
//! comes out of `mantle report --json`, to the last digit.
//!
//! The month is worked by hand in `tests/fixtures/margin/README.md`.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};
use tempfile::TempDir;

const NOVEMBER: &str = "tests/fixtures/margin/november.jsonl";

struct State(TempDir);

impl State {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn run(&self, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_mantle"))
            .args(args)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .env("XDG_CONFIG_HOME", self.0.path())
            .env("XDG_STATE_HOME", self.0.path())
            .output()
            .expect("mantle runs")
    }

    #[track_caller]
    fn text(&self, args: &[&str]) -> String {
        let output = self.run(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        String::from_utf8(output.stdout).expect("text")
    }

    #[track_caller]
    fn refused(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(!output.status.success(), "it was taken");
        String::from_utf8(output.stderr).expect("text")
    }

    fn report(&self, since: &str, until: &str) -> Value {
        let (since, until) = (format!("--since={since}"), format!("--until={until}"));
        let args = ["report", &since, &until, "--json", "--by=model"];
        serde_json::from_str(&self.text(&args)).expect("JSON")
    }

    fn november(&self) -> Value {
        self.report("2026-11-01", "2026-12-01")
    }
}

/// Checks that `value` has at least what `expected` says.
#[track_caller]
fn check(value: &Value, expected: &Value, path: &str) {
    match expected {
        Value::Object(fields) => {
            for (name, expected) in fields {
                check(&value[name], expected, &format!("{path}.{name}"));
            }
        }
        _ => assert_eq!(value, expected, "{path}"),
    }
}

fn named<'v>(list: &'v Value, field: &str, name: &str) -> &'v Value {
    let list = list.as_array().expect("a list");
    let found = list.iter().find(|one| one[field] == name);
    found.unwrap_or_else(|| panic!("no {name} in {list:?}"))
}

#[test]
fn the_worked_month_comes_out_to_the_last_digit() {
    let state = State::new();
    assert_eq!(state.text(&["revenue", "import", NOVEMBER]), "booked: 14\n");
    let report = state.november();
    let margin = &report["margin"];
    check(
        margin,
        &json!({
            "revenue": {
                "seats_usd": "20266.666667", "overage_usd": "1250.000000",
                "prepaid_usd": "3000.000000", "breakage_usd": "0.000000",
                "credit_notes_usd": "-400.000000", "net_usd": "24116.666667",
                "deferred_usd": "2000.000000", "seats_average": 1066.667,
            },
            "committed": { "cost_usd": "4303.928000" },
            "metered": { "cost_usd": "1037.850000" },
            "inference_cost_usd": "4841.778000",
            "cost_usd": "5341.778000",
            "gross_profit_usd": "18774.888667",
            "gross_margin": 0.778_503,
            "unit_costs": {
                "loaded": {
                    "per_request_usd": "0.001335444",
                    "per_offered_usd": "0.003815556",
                    "per_accepted_usd": "0.012718519",
                    "per_retained_usd": "0.017231542",
                    "per_1000_retained_chars_usd": "0.215394274",
                },
                "metered": { "per_accepted_usd": "0.002471071" },
                "per_call_usd": "0.001613926",
            },
            "per_seat": {
                "revenue_usd": "22.609368", "cost_usd": "5.007915", "contribution_usd": "17.601453",
            },
            "savings": {
                "prompt_cache_usd": "833.250000",
                "answer_cache_usd": "345.950000", "answer_cache_loaded_usd": "1613.926000",
                // Every call on the dear model costs 16,550; see the scenarios.
                "routing_usd": "11208.222000", "routing_against": "claude-sonnet-5",
            },
            "waste": { "cancelled_usd": "46.710000", "failed_usd": "1.800000" },
            "make_or_buy": {
                "model": "codestral-2508", "per_call_usd": "0.000519000000", "requests": 2_400_000,
                "made_usd": "3803.928000", "bought_usd": "1245.600000",
                "premium_usd": "2558.328000", "break_even_requests": 7_329_342,
            },
            "concentration": {
                "hhi_spend": 5_258, "hhi_calls": 6_650, "hhi_metered_spend": 6_493,
            },
            "remarks": [],
        }),
        "margin",
    );
}

#[test]
fn each_model_pool_and_supplier_of_the_month_is_as_worked() {
    let state = State::new();
    state.text(&["revenue", "import", NOVEMBER]);
    let report = state.november();
    let margin = &report["margin"];
    let models = &margin["metered"]["models"];
    check(
        named(models, "model", "codestral-2508"),
        &json!({
            "cost_usd": "235.350000", "failed_usd": "1.800000", "cancelled_usd": "46.710000",
            "prompt_cache_saving_usd": "60.750000",
            "at_list_price": {
                "input_usd": "202.500000", "cache_read_usd": "6.750000",
                "cache_write_usd": "0.000000", "output_usd": "24.300000",
            },
        }),
        "codestral-2508",
    );
    check(
        named(models, "model", "claude-sonnet-5"),
        &json!({
            "cost_usd": "802.500000", "failed_usd": "0.000000",
            "prompt_cache_saving_usd": "772.500000",
            "at_list_price": {
                "input_usd": "300.000000", "cache_read_usd": "90.000000",
                "cache_write_usd": "187.500000", "output_usd": "225.000000",
            },
        }),
        "claude-sonnet-5",
    );
    let pools = &margin["committed"]["pools"];
    check(
        named(pools, "name", "h100"),
        &json!({
            "rent_usd": "3384.000000", "cost_usd": "3384.000000", "attributed_usd": "1522.800000",
            "idle_usd": "1861.200000", "per_request_usd": "0.001880000",
            "per_request_attributed_usd": "0.000846000", "utilisation": 0.45,
        }),
        "h100",
    );
    check(
        named(pools, "name", "a100"),
        &json!({
            "depreciation_usd": "375.000000", "power_usd": "44.928000", "cost_usd": "419.928000",
            "attributed_usd": "209.964000", "idle_usd": "209.964000",
            "per_request_usd": "0.000699880", "per_request_attributed_usd": "0.000349940",
        }),
        "a100",
    );
    // 3,384 and 419.928 dollars at 0.000519 a call of the cheapest model.
    let generations = &margin["make_or_buy"]["generations"];
    check(
        named(generations, "generation", "H100"),
        &json!({
            "made_usd": "3384.000000", "idle_usd": "1861.200000", "requests": 1_800_000,
            "bought_usd": "934.200000", "break_even_requests": 6_520_232,
        }),
        "H100",
    );
    check(
        named(generations, "generation", "A100"),
        &json!({
            "made_usd": "419.928000", "idle_usd": "209.964000", "requests": 600_000,
            "bought_usd": "311.400000", "break_even_requests": 809_110,
        }),
        "A100",
    );
    let labs = &margin["concentration"]["labs"];
    let share = |name: &str| named(labs, "name", name)["spend_usd"].clone();
    assert_eq!(
        (share("mistral"), share("anthropic")),
        (json!("235.350000"), json!("802.500000"))
    );
    let suppliers = &margin["concentration"]["suppliers"];
    for (name, share) in [
        ("gpu-lessor", 0.698_917),
        ("own", 0.086_730),
        ("mistral", 0.048_608),
        ("anthropic", 0.165_745),
    ] {
        assert_eq!(named(suppliers, "name", name)["share"], share, "{name}");
    }
    let scenarios = &margin["scenarios"];
    for (name, cost, left) in [
        ("anthropic +25 %", "5542.403000", 0.770_184),
        ("all metered prices doubled", "6379.628000", 0.735_468),
        ("every call on claude-sonnet-5", "16550.000000", 0.313_753),
        (
            "every request on claude-sonnet-5, without cache and filter",
            "32600.000000",
            -0.351_762,
        ),
    ] {
        let expected = json!({ "cost_usd": cost, "gross_margin": left });
        check(named(scenarios, "name", name), &expected, name);
    }
}

#[test]
fn the_totals_of_the_contract_agree_with_the_margin() {
    let state = State::new();
    state.text(&["revenue", "import", NOVEMBER]);
    let report = state.november();
    check(
        &report["totals"],
        &json!({
            "requests": 6_000_000, "calls": 3_003_000, "offered": 1_400_000, "accepted": 420_000,
            "retained": 310_000, "acceptance_rate": 0.3, "cost_usd": "1037.850000",
            "revenue_usd": "24116.666667", "gross_margin": 0.778_503,
        }),
        "totals",
    );
    let model = named(&report["by"]["model"], "key", "codestral-2508");
    assert_eq!(model["cost_usd"], "235.350000");
    let text = state.text(&["report", "--since=2026-11-01", "--until=2026-12-01"]);
    for line in [
        "77.8503 %",
        "$1861.200000 idle",
        "$2558.328000",
        "7,329,342",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

#[test]
fn importing_twice_books_once() {
    let state = State::new();
    state.text(&["revenue", "import", NOVEMBER]);
    let again = state.text(&["revenue", "import", NOVEMBER]);
    assert_eq!(again, "booked: 0; booked before: 14\n");
    assert_eq!(state.november()["margin"]["cost_usd"], "5341.778000");
    let list: Value =
        serde_json::from_str(&state.text(&["revenue", "list", "--json"])).expect("JSON");
    assert_eq!(list["bookings"].as_array().map(Vec::len), Some(14));
    let pools = state.text(&["pools", "list"]);
    assert_eq!(pools.lines().count(), 4, "{pools}");
}

#[test]
fn a_file_with_a_wrong_line_books_nothing() {
    let state = State::new();
    let text = std::fs::read_to_string(NOVEMBER).expect("the fixture");
    let wrong = text + "{\"kind\": \"seats\", \"since\": \"2026-11-01\", \"seats\": 1}\n";
    let path = state.0.path().join("wrong.jsonl");
    std::fs::write(&path, wrong).expect("a file");
    let error = state.refused(&["revenue", "import", &path.display().to_string()]);
    assert!(
        error.contains("booking 15") && error.contains("`price` is missing"),
        "{error}"
    );
    assert!(!Path::new(&state.0.path().join("mantle/ledger.sqlite3")).exists());
}

#[test]
fn the_december_after_has_the_rest_and_half_a_month_its_part() {
    let state = State::new();
    state.text(&["revenue", "import", NOVEMBER]);
    let expire = [
        "revenue",
        "add",
        "prepaid-expiry",
        "name=pack",
        "since=2026-12-15",
    ];
    state.text(&expire);
    let december = state.report("2026-12-01", "2027-01-01");
    // The seats have ended; what was left of the package expires and is earned. Pools and hosting
    // go on: 744 hours of two H100, 1/36 of the A100 and its power, hosting.
    check(
        &december["margin"],
        &json!({
            "revenue": { "net_usd": "2000.000000", "breakage_usd": "2000.000000", "deferred_usd": "0.000000" },
            "committed": { "cost_usd": "4418.225600" },
        }),
        "december",
    );
    let half = state.report("2026-11-01", "2026-11-16");
    // 15 of 30 days of 1,000 seats, 5 of 30 of 100; nothing of the package was used yet. What was
    // counted for all of November cannot be divided, and that is said.
    check(
        &half["margin"],
        &json!({ "revenue": { "seats_usd": "9816.666667", "deferred_usd": "5000.000000" } }),
        "half",
    );
    let remarks = half["margin"]["remarks"].to_string();
    assert!(remarks.contains("reaches beyond the period"), "{remarks}");
}

#[test]
fn another_currency_needs_a_rate_of_its_time() {
    let state = State::new();
    let note = [
        "revenue",
        "add",
        "credit-note",
        "amount=100",
        "currency=EUR",
        "since=2026-11-05",
    ];
    state.text(&note);
    let error = state.refused(&["report", "--since=2026-11-01", "--until=2026-12-01"]);
    assert!(error.contains("no rate of EUR for 2026-11-05"), "{error}");
    assert!(error.contains("mantle revenue add rate"), "{error}");
    state.text(&[
        "revenue",
        "add",
        "rate",
        "currency=EUR",
        "usd=1.08",
        "since=2026-11-01",
    ]);
    assert_eq!(
        state.november()["margin"]["revenue"]["net_usd"],
        "-108.000000"
    );
    // Money that was given back and none that came in leave no margin.
    assert!(state.november()["margin"]["gross_margin"].is_null());
}

#[test]
fn a_period_without_revenue_has_no_margin_and_says_why() {
    let state = State::new();
    let pool = [
        "generation=H100",
        "gpus=1",
        "rate=2",
        "supplier=x",
        "since=2026-11-01",
    ];
    let args: Vec<&str> = ["pools", "add", "h"].into_iter().chain(pool).collect();
    state.text(&args);
    let report = state.november();
    assert!(report["totals"]["gross_margin"].is_null());
    assert!(report["totals"]["revenue_usd"].is_null());
    assert_eq!(report["margin"]["cost_usd"], "1440.000000");
    let text = state.text(&["report", "--since=2026-11-01", "--until=2026-12-01"]);
    assert!(text.contains("so there is no margin"), "{text}");
    assert!(
        text.contains("nobody has said how busy pool `h` was"),
        "{text}"
    );
}

/// Ten seats pay 19 dollars each, and five that are tried out pay nothing and are seats.
#[test]
fn seats_on_trial_are_seats_and_earn_nothing() {
    let state = State::new();
    let add = |kind: &str, fields: &[&str]| {
        let since = ["since=2026-11-01"];
        state.text(&[&["revenue", "add", kind], fields, &since[..]].concat());
    };
    add("seats", &["seats=10", "price=19"]);
    add("trial", &["seats=5"]);
    let report = state.november();
    let expected = json!({ "net_usd": "190.000000", "seats_average": 15.0 });
    check(&report["margin"]["revenue"], &expected, "revenue");
}

#[test]
fn a_ledger_with_damaged_pages_is_no_report_and_says_who_looks_closer() {
    let state = State::new();
    state.text(&["revenue", "import", NOVEMBER]);
    // Until then, all of it is in the log beside the file.
    state.text(&["ledger", "compact"]);
    let path = state.0.path().join("mantle/ledger.sqlite3");
    let mut bytes = std::fs::read(&path).expect("the file");
    assert!(bytes.len() > 8_192);
    // The first page says what tables there are; the others are theirs.
    bytes[4_096..].fill(7);
    std::fs::write(&path, &bytes).expect("the damage");
    let error = state.refused(&["report", "--since=2026-11-01", "--until=2026-12-01"]);
    assert!(error.contains("cannot read the ledger"), "{error}");
    assert!(error.contains("`mantle ledger verify`"), "{error}");
    assert_eq!(std::fs::read(&path).expect("the file"), bytes);
}

#[test]
fn credits_that_were_never_sold_are_an_error() {
    let state = State::new();
    state.text(&[
        "revenue",
        "add",
        "prepaid-use",
        "name=pack",
        "credits=1",
        "since=2026-11-05",
    ]);
    let error = state.refused(&["report", "--since=2026-11-01", "--until=2026-12-01"]);
    assert!(
        error.contains("`pack` is used or expired before it was sold"),
        "{error}"
    );
}

#[test]
fn what_was_booked_is_a_ledger_in_order() {
    let state = State::new();
    let error = state.refused(&["ledger", "verify"]);
    assert!(error.contains("nothing recorded yet"), "{error}");
    state.text(&["revenue", "import", NOVEMBER]);
    let said = state.text(&["ledger", "verify"]);
    assert!(said.ends_with("in order\n"), "{said}");
    let json: Value =
        serde_json::from_str(&state.text(&["ledger", "verify", "--json"])).expect("JSON");
    assert_eq!(json["faults"], json!([]));
    assert!(json["rows"]["bookings"].as_u64() > Some(0), "{json}");
}
