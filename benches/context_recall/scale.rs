//! A search in a workspace of a million lines: every fetched release, under as many roots as it takes.

use std::path::Path;
use std::time::{Duration, Instant};

use mantle_ls::context::{collect, related};
use mantle_ls::documents::Snapshot;
use mantle_ls::domain::{ByteOffset, DocumentUri};
use mantle_ls::workspace::{Library, LibraryLimits, Text};

use super::corpus::{Half, pairs};
use super::positions::Random;
use super::recall::sources;
use super::support::{build, machine, milliseconds, quantile, today};

const LINES: usize = 1_000_000;
const SEARCHES: usize = 200;

pub fn run(dir: &Path) {
    let mut texts = Vec::new();
    for half in [Half::Fit, Half::Check] {
        for pair in pairs(dir, half) {
            for root in [pair.old.clone(), pair.new.clone()] {
                texts.extend(pair.files(&root).into_iter().map(|(path, text)| {
                    let language = pair.language(&path);
                    (root.join(path), language, text)
                }));
            }
        }
    }
    if texts.is_empty() {
        return println!("no package was fetched");
    }
    let library = Library::with_limits(LibraryLimits { bytes: 1 << 30 });
    let (mut lines, mut bytes, mut copy) = (0, 0, 0);
    let started = Instant::now();
    while lines < LINES {
        for (path, language, text) in &texts {
            let shown = format!("copy{copy}{}", path.display());
            // Copies beyond the first have no file of their own and are never read.
            let key = if copy == 0 {
                path.display().to_string()
            } else {
                shown.clone()
            };
            library.learn(&Text {
                path: &key,
                language,
                text,
            });
            lines += text.lines().count();
            bytes += text.len();
            if lines >= LINES {
                break;
            }
        }
        copy += 1;
    }
    let learning = started.elapsed();
    // Files are learnt in this order; others have nothing to find.
    let learnt = &texts[..library.files().min(texts.len())];
    let mut random = Random(7);
    let mut spans: Vec<Duration> = Vec::new();
    while spans.len() < SEARCHES {
        let (path, language, text) = &learnt[random.below(learnt.len())];
        let at = text.floor_char_boundary(random.below(text.len().max(1)));
        let uri = DocumentUri::new(format!("file://{}", path.display()));
        let snapshot = Snapshot::of_text(uri, language, text);
        let shown = path.display().to_string();
        let context = collect(&snapshot, None, ByteOffset::new(at), &shown, &[]);
        let started = Instant::now();
        let found = related(&context, &path.to_string_lossy(), sources(&library));
        spans.push(started.elapsed());
        std::hint::black_box(found);
    }
    spans.sort_unstable();
    println!("{}, {}, {} build", today(), machine(), build());
    println!(
        "{lines} lines, {:.1} MB, {} files, learnt in {:.1} s; the library takes {:.1} MiB",
        bytes as f64 / 1e6,
        library.files(),
        learning.as_secs_f64(),
        library.bytes() as f64 / (1024.0 * 1024.0),
    );
    println!(
        "a search: p50 {}, p99 {}, longest {}",
        milliseconds(quantile(&spans, 50)),
        milliseconds(quantile(&spans, 99)),
        milliseconds(spans[spans.len() - 1]),
    );
}
