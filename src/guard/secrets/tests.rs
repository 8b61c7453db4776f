use proptest::prelude::*;

use super::*;

/// Checks that `secret` is masked wherever it stands. Test values are joined from parts, so that
/// scanners of repositories do not take this file for a leak.
#[track_caller]
fn check_masked(secret: &str) {
    for (before, after) in [
        ("", ""),
        ("key = \"", "\"\n"),
        ("(", ")"),
        ("=", ";\nrest()"),
    ] {
        let mut redactions = Redactions::default();
        let masked = mask(&format!("{before}{secret}{after}"), &mut redactions);
        assert_eq!(masked, format!("{before}{MASK}{after}"));
        assert_eq!(redactions.secrets, 1);
    }
}

#[track_caller]
fn check_untouched(text: &str) {
    let mut redactions = Redactions::default();
    assert_eq!(mask(text, &mut redactions), text);
    assert!(redactions.is_empty());
}

fn key_body() -> String {
    let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj";
    format!("{line}\n{line}\nMzEfYyjiWA4R4/M2bS1GB4t7NXp98C3S\n")
}

#[test]
fn keys_of_known_services_are_masked() {
    check_masked(&["AKIA", "IOSFODNN7EXAMPLE"].concat());
    check_masked(&["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat());
    check_masked(&["github_pat_", "11ABCDEFG0aBcDeFgHiJkL_mNoPqRsTuV"].concat());
    check_masked(&["glpat-", "aBcD1234eFgH5678iJkL"].concat());
    check_masked(&["sk-", "ant-api03-aBcD1234eFgH5678"].concat());
    check_masked(&["sk-", "proj-T3BlbkFJaBcD1234eFgH5678"].concat());
    check_masked(&["sk_live_", "4eC39HqLyjWDarjtT1zdp7dc"].concat());
    check_masked(&["xoxb-", "123456789012-aBcDeFgHiJkL"].concat());
    check_masked(&["AIza", "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY"].concat());
    check_masked(&["hf_", "aBcDeFgHiJkLmNoPqRsTuVwXyZ012345"].concat());
}

#[test]
fn web_tokens_are_masked() {
    check_masked(
        &[
            "eyJhbGciOiJIUzI1NiJ9",
            ".eyJzdWIiOiIxMjM0NTY3ODkwIn0",
            ".dozjgNryP4J3jVmNHl0w5N",
        ]
        .concat(),
    );
}

#[test]
fn the_secret_half_of_an_aws_key_is_masked_behind_its_name() {
    let mut redactions = Redactions::default();
    let secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
    let masked = mask(
        &format!("AWS_SECRET_ACCESS_KEY = \"{secret}\""),
        &mut redactions,
    );
    assert_eq!(masked, format!("AWS_SECRET_ACCESS_KEY = \"{MASK}\""));
}

#[test]
fn the_password_of_an_address_is_masked_and_nothing_else_of_it() {
    let mut redactions = Redactions::default();
    let masked = mask(
        "url = \"postgres://app:hunter22@db:5432/app\"",
        &mut redactions,
    );
    assert_eq!(
        masked,
        format!("url = \"postgres://app:{MASK}@db:5432/app\"")
    );
}

#[test]
fn a_private_key_is_masked_with_its_frame() {
    check_masked(&format!(
        "-----BEGIN RSA PRIVATE KEY-----\n{}-----END RSA PRIVATE KEY-----",
        key_body()
    ));
    // As a string literal on one line.
    check_masked(&format!(
        "-----BEGIN PRIVATE KEY-----\\n{}-----END PRIVATE KEY-----",
        key_body().replace('\n', "\\n")
    ));
}

#[test]
fn a_private_key_that_the_window_cuts_is_masked() {
    let mut redactions = Redactions::default();
    let body = key_body();
    let head = format!("a();\n-----BEGIN PRIVATE KEY-----\n{body}");
    assert_eq!(mask(&head, &mut redactions), format!("a();\n{MASK}"));
    let tail = format!("{}-----END PRIVATE KEY-----\nb();\n", &body[20..]);
    assert_eq!(mask(&tail, &mut redactions), format!("{MASK}\nb();\n"));
    assert_eq!(redactions.secrets, 2);
}

#[test]
fn code_after_a_cut_key_stays() {
    let mut redactions = Redactions::default();
    let text = format!(
        "-----BEGIN PRIVATE KEY-----\n{}fn next() {{}}\n",
        key_body()
    );
    assert_eq!(
        mask(&text, &mut redactions),
        format!("{MASK}fn next() {{}}\n")
    );
}

#[test]
fn a_secret_in_which_the_cursor_stands_leaves_on_neither_side() {
    let secret = ["ghp_", "16C7e42F292c6912E7710c838347Ae178B4a"].concat();
    for cut in 0..=secret.len() {
        let mut redactions = Redactions::default();
        let (before, after) = mask_around_cursor(
            &format!("let t = \"{}", &secret[..cut]),
            &format!("{}\";\n", &secret[cut..]),
            &mut redactions,
        );
        assert_eq!(before + &after, format!("let t = \"{MASK}\";\n"));
        assert_eq!(redactions.secrets, 1);
    }
}

#[test]
fn code_that_only_resembles_a_secret_is_left_alone() {
    check_untouched(
        "if pem.starts_with(\"-----BEGIN PRIVATE KEY-----\") && pem.ends_with(\"-----END PRIVATE KEY-----\") {}",
    );
    check_untouched("<div class=\"sk-circle-fade-dot-container-large\">");
    check_untouched("let task_sk_live_updates = risk-1;");
    check_untouched("const AKIA_PREFIX: &str = \"AKIA\";");
    check_untouched("https://example.com/a:b@c and postgres://user:${PASSWORD}@host/db");
    check_untouched("postgres://postgres:postgres@localhost/test");
    check_untouched("import x from 'https://deno.land/std@0.200.0/mod.ts'");
    check_untouched("let eyJ = \"eyJ.eyJ.x\";");
    check_untouched("aws_secret_access_key = os.environ[\"AWS_SECRET_ACCESS_KEY\"]");
}

proptest! {
    #[test]
    fn any_text_can_be_searched_and_one_without_secrets_stays_as_it_is(
        prefix in "(?s)(.|AKIA[A-Z0-9]{16}|://a:bcd@|eyJ|-----BEGIN PRIVATE KEY-----|\n){0,40}",
        suffix in "(?s).{0,40}",
    ) {
        let mut redactions = Redactions::default();
        let (before, after) = mask_around_cursor(&prefix, &suffix, &mut redactions);
        if redactions.secrets == 0 {
            prop_assert_eq!((before, after), (prefix, suffix));
        } else {
            prop_assert!((before + &after).contains(MASK));
        }
    }
}

proptest! {
    #[test]
    fn no_marker_is_missed_for_another_one_before_it(
        parts in prop::collection::vec((0..SHAPES.len() + 4, 0..12_usize), 0..8),
    ) {
        let rest = [" ", "-", ".", "x"];
        let text: String = parts
            .iter()
            .map(|&(part, most)| {
                let part = SHAPES.get(part).map_or_else(|| rest[part - SHAPES.len()], |shape| shape.marker);
                &part[..part.len().min(most)]
            })
            .collect();
        let is_free = |at: usize| !text[..at].bytes().next_back().is_some_and(is_word);
        let mut every: Vec<(usize, usize)> = SHAPES
            .iter()
            .enumerate()
            .flat_map(|(number, shape)| (0..text.len()).map(move |at| (at, number, shape.marker)))
            .filter(|&(at, _, marker)| text[at..].starts_with(marker) && is_free(at))
            .map(|(at, number, _)| (at, number))
            .collect();
        every.sort_unstable();
        let found: Vec<(usize, usize)> = MARKERS
            .find_iter(&text)
            .map(|found| (found.start(), found.pattern().as_usize()))
            .filter(|&(at, _)| is_free(at))
            .collect();
        prop_assert_eq!(found, every);
    }
}

proptest! {
    #[test]
    fn a_private_key_is_named_wherever_the_text_is_cut(
        around in "[A-Z -]{0,30}",
        is_there in any::<bool>(),
        cuts in prop::collection::vec(0..60_usize, 0..12),
    ) {
        let mark = if is_there { TAIL } else { "" };
        let text = [around.as_str(), mark, around.as_str()].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]);
        prop_assert_eq!(names_private_key(pieces), text.contains(TAIL));
    }
}
