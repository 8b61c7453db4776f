//! How much of a prompt the next key's prompt begins with: what a provider's prompt cache can reuse.
//!
//! Budget: 90 % of the bytes, for models that are told the text before the cursor first.

use std::path::Path;
use std::time::Duration;

use mantle_ls::context::{Steady, collect, related, render_within};
use mantle_ls::documents::Documents;
use mantle_ls::domain::{BurstId, ByteOffset, DocumentUri, Prompt, Timestamp};
use mantle_ls::workspace::{Library, Text};

use super::corpus::{Half, pairs};
use super::positions::{Random, Workspace};
use super::recall::{sources, spec};
use super::support::{build, machine, today};

/// Lines typed of one package.
const LINES: usize = 12;
const BUDGET: u64 = 2_048;

pub fn run(dir: &Path) {
    let mut shares = [Vec::new(), Vec::new()];
    for (n, pair) in pairs(dir, Half::Check).iter().enumerate() {
        let workspace = Workspace::read(pair);
        let library = Library::default();
        for (shown, text) in &workspace.files {
            let path = pair.old.join(shown);
            let path = &path.to_string_lossy();
            let language = pair.language(shown);
            library.learn(&Text {
                path,
                language,
                text,
            });
        }
        let mut random = Random(n as u64 + 1);
        for _ in 0..LINES {
            let at = random.below(workspace.files.len().max(1));
            let Some((path, text)) = workspace.files.iter().nth(at) else {
                continue;
            };
            let key = pair.old.join(path).to_string_lossy().into_owned();
            for (order, found) in
                type_line(path, pair.language(path), &key, text, &library, &mut random)
                    .iter()
                    .enumerate()
            {
                shares[order].extend(found);
            }
        }
    }
    println!("{}, {}, {} build", today(), machine(), build());
    for (order, shares) in ["prefix first", "suffix first"].iter().zip(&mut shares) {
        shares.sort_by(f64::total_cmp);
        if shares.is_empty() {
            return println!("no package was fetched");
        }
        println!(
            "{order}: {} keys, {:.1} % of the bytes on average, {:.1} % in the middle, {:.1} % for the worst tenth",
            shares.len(),
            100.0 * shares.iter().sum::<f64>() / shares.len() as f64,
            100.0 * shares[shares.len() / 2],
            100.0 * shares[shares.len() / 10],
        );
    }
}

/// Types one line key by key; returns the shares for both orders.
fn type_line(
    path: &str,
    language: &str,
    key: &str,
    text: &str,
    library: &Library,
    random: &mut Random,
) -> [Vec<f64>; 2] {
    let lines: Vec<&str> = text.lines().collect();
    let long: Vec<usize> = (0..lines.len())
        .filter(|&at| lines[at].trim().len() > 20)
        .collect();
    let mut shares = [Vec::new(), Vec::new()];
    if long.is_empty() {
        return shares;
    }
    let at = long[random.below(long.len())];
    let above: String = lines[..at].iter().flat_map(|line| [line, "\n"]).collect();
    let below: String = lines[at + 1..]
        .iter()
        .flat_map(|line| ["\n", line])
        .collect();
    let burst = BurstId::new(Timestamp::from_unix_micros(1));
    let documents = Documents::default();
    let uri = DocumentUri::new(format!("file:///w/{path}"));
    let mut steady: Option<Steady> = None;
    let mut last: Option<[String; 2]> = None;
    let line = lines[at];
    let lead = line.len() - line.trim_start().len();
    for (column, _) in line.char_indices().filter(|(column, _)| *column > lead) {
        let before = format!("{above}{}", &line[..column]);
        documents.open(uri.clone(), language, 1, &format!("{before}{below}"));
        let snapshot = documents.snapshot(&uri).expect("it is open");
        let tree = documents.parse(&snapshot, Duration::from_secs(5));
        let offset = ByteOffset::new(before.len());
        let mut context = collect(&snapshot, tree.as_ref(), offset, path, &[]);
        let kept = steady
            .as_ref()
            .and_then(|steady| steady.related(burst, &context));
        let found = kept.unwrap_or_else(|| {
            let found = related(&context, key, sources(library));
            let begun = Steady::begin(burst, &context, found);
            let found = begun
                .related(burst, &context)
                .expect("it is the same place");
            steady = Some(begun);
            found
        });
        context.definitions = found.iter().map(|one| one.snippet.clone()).collect();
        context.shown_suffix = steady.as_ref().and_then(|steady| steady.suffix(&context));
        let prompt = render_within(&context, &spec(), BUDGET);
        let sent = [sent(&prompt, false), sent(&prompt, true)];
        if let Some(last) = &last {
            for order in 0..2 {
                let (before, now) = (last[order].as_bytes(), sent[order].as_bytes());
                let same = before.iter().zip(now).take_while(|(a, b)| a == b).count();
                shares[order].push(same as f64 / now.len() as f64);
            }
        }
        last = Some(sent);
    }
    shares
}

/// The prompt as it is sent: other files, then the two sides of the cursor.
fn sent(prompt: &Prompt, suffix_first: bool) -> String {
    let mut text = String::new();
    for snippet in &prompt.snippets {
        text.push_str(&format!("// path: {}\n{}\n\n", snippet.path, snippet.text));
    }
    if suffix_first {
        prompt.suffix.clone() + &text + &prompt.prefix
    } else {
        text + &prompt.prefix + &prompt.suffix
    }
}
