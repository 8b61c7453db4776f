//! Measures what the embedded model costs: time, and memory.
//!
//! Budget: learning reads at least 50 MB of source a second on one thread; the index takes at most
//! 2.5 bytes per byte of source; a query takes at most 150 µs in the middle and 800 µs at the 99th
//! percentile, in a workspace of a million lines too; reading the open file again after a key takes
//! at most 0.5 ms at the 99th percentile, wherever the key falls; taking back what was saved is ten
//! times as fast as learning it; what is forgotten gives its memory back.
//!
//! ```text
//! cargo bench --bench inhouse_speed                # a million lines of what cargo has fetched
//! cargo bench --bench inhouse_speed -- LINES       # fewer
//! ```
//!
//! Times are of this thread's processor where the system tells them, so that other work on the
//! machine counts little. The digest at the end is of all that was predicted: two builds that print
//! the same one predict the same, to the last bit.

mod corpus;
mod measure;

use mantle_ls::inhouse::{EmbeddedModel, Query};

use corpus::{Random, Source};
use measure::{Spread, cpu, resident_mib};

/// Places asked about.
const QUERIES: usize = 3_000;
/// Keys typed in one scene.
const KEYS: usize = 400;

fn main() {
    let lines = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1_000_000);
    let sources = corpus::fetched(lines);
    let bytes: usize = sources.iter().map(|source| source.text.len()).sum();
    let lines: usize = sources.iter().map(Source::lines).sum();
    println!(
        "{} files, {lines} lines, {:.1} MB of Rust",
        sources.len(),
        bytes as f64 / 1e6
    );
    let empty = resident_mib();
    let model = EmbeddedModel::new();
    let lessons = corpus::lessons(&sources);
    let (seconds, ()) = cpu(|| model.learn_many(lessons.into_iter()));
    println!("learnt at {:.1} MB/s", bytes as f64 / 1e6 / seconds);
    println!(
        "{} files known, {:.3} bytes per byte of source, {:.1} MiB, resident {:+.1} MiB",
        model.files(),
        model.bytes() as f64 / bytes as f64,
        model.bytes() as f64 / (1 << 20) as f64,
        resident_mib() - empty
    );

    let model = saved_and_back(&model, bytes);

    let mut digest = 0;
    queries(&model, &sources, &mut digest);
    for lines in [5_000, 50_000] {
        let text = corpus::long_file(&sources, lines);
        keystrokes(&model, &text, &format!("{lines} lines"), &mut digest);
    }
    println!("digest {digest:016x}");

    one_file(&model, &sources);
    let before = resident_mib();
    let (seconds, ()) = cpu(|| model.forget_many(sources.iter().map(|source| &*source.path)));
    println!(
        "all forgotten in {:.1} ms: {} bytes held, resident {:+.1} MiB",
        seconds * 1e3,
        model.bytes(),
        resident_mib() - before
    );
}

/// Saves the model into memory and takes it back.
fn saved_and_back(model: &EmbeddedModel, source_bytes: usize) -> EmbeddedModel {
    let mut saved = Vec::new();
    let (saving, result) = cpu(|| model.save(&mut saved));
    result.expect("memory takes everything");
    let back = EmbeddedModel::new();
    let (restoring, result) = cpu(|| back.restore(&mut &*saved));
    result.expect("it was just written");
    let speed = |seconds: f64| source_bytes as f64 / 1e6 / seconds;
    println!(
        "{:.1} MB saved; of source: saved at {:.0} MB/s, restored at {:.0} MB/s in {:.0} ms",
        saved.len() as f64 / 1e6,
        speed(saving),
        speed(restoring),
        restoring * 1e3
    );
    back
}

/// Learns and forgets single files of a workspace, as when they are saved in the editor.
fn one_file(model: &EmbeddedModel, sources: &[Source]) {
    let mut random = Random(3);
    let (mut forgetting, mut learning) = (Spread::default(), Spread::default());
    for _ in 0..20 {
        let source = &sources[random.below(sources.len())];
        forgetting.add(cpu(|| model.forget(&source.path)).0);
        learning.add(cpu(|| model.learn(&source.path, "rust", &source.text)).0);
    }
    forgetting.print("one file forgotten");
    learning.print("one file learnt");
}

/// Asks all over the workspace, as if each file were open there; the second time it was read.
fn queries(model: &EmbeddedModel, sources: &[Source], digest: &mut u64) {
    let mut random = Random(1);
    let mut first = Spread::default();
    let mut second = Spread::default();
    for _ in 0..QUERIES {
        let source = &sources[random.below(sources.len())];
        let at = corpus::border(&source.text, random.below(source.text.len().max(1)));
        // The rest of the line is what is to be found.
        let rest = source.text[at..].find('\n');
        let query = Query {
            path: &source.path,
            language: "rust",
            before: &source.text[..at],
            after: &source.text[rest.map_or(source.text.len(), |rest| at + rest)..],
            several_lines: false,
        };
        first.add(cpu(|| drop(model.opinion(&query))).0);
        let (seconds, opinion) = cpu(|| model.opinion(&query));
        second.add(seconds);
        for alternative in opinion.alternatives {
            measure::mix(digest, &alternative.prediction.text);
            let confidence = alternative.prediction.confidence.get().to_bits();
            *digest = digest.rotate_left(7) ^ u64::from(confidence);
        }
    }
    first.print("query in a file just opened there");
    second.print("query in a file read before");
}

/// Types at the end, in the middle with the text below moving down, and all over a file.
fn keystrokes(model: &EmbeddedModel, text: &str, name: &str, digest: &mut u64) {
    let mut random = Random(2);
    let typed = "    let total = sum(&left);\n    if total > 0 {\n        return total;\n    }\n";
    let middle = text.len() / 2 + text[text.len() / 2..].find('\n').unwrap_or(0);
    let scenes = [
        ("at the end", text.len()),
        ("in the middle", middle),
        ("in the middle, a line goes below", middle),
        ("jumping", middle),
    ];
    for (scene, start) in scenes {
        let mut text = text.to_owned();
        let mut at = start;
        let mut update = Spread::default();
        let mut whole = Spread::default();
        for key in 0..KEYS {
            if scene == "jumping" {
                at = corpus::border(&text, random.below(text.len()));
            } else if scene.ends_with("below") {
                // The cursor goes down a line at each key: the text below starts elsewhere.
                at += text[at + 1..].find('\n').map_or(0, |i| i + 1);
            }
            text.insert(at, char::from(typed.as_bytes()[key % typed.len()]));
            at += 1;
            let query = Query {
                path: "open.rs",
                language: "rust",
                before: &text[..at],
                after: &text[at..],
                several_lines: false,
            };
            let (with_update, _) = cpu(|| model.opinion(&query));
            let (without, opinion) = cpu(|| model.opinion(&query));
            update.add((with_update - without).max(0.0));
            whole.add(with_update);
            for alternative in opinion.alternatives {
                measure::mix(digest, &alternative.prediction.text);
            }
        }
        update.print(&format!("update, {name}, {scene}"));
        whole.print(&format!("key and query, {name}, {scene}"));
    }
}
