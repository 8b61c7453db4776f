//! Asks the product and the baselines at every position, and counts what their prompts hold.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use mantle_ls::context::{Sources, collect, edited, related, render_within};
use mantle_ls::documents::{Documents, Snapshot};
use mantle_ls::domain::{
    ByteOffset, DocumentUri, ModelId, ModelSpec, PriceSource, Prompt, Protocol, Tier,
};
use mantle_ls::workspace::{Library, Text, names};

use super::baselines::{Chunks, Windows, fill, local};
use super::corpus::{Half, pairs};
use super::positions::{Position, Random, Set, Workspace};

pub const BUDGETS: [u64; 3] = [1_024, 2_048, 4_096];
pub const SYSTEMS: [&str; 5] = [
    "prefix and suffix",
    "Jaccard windows",
    "BM25, 30 lines",
    "mantle",
    "mantle, with edits",
];
/// The product among them.
pub const PRODUCT: usize = 3;
/// Positions with a cross-file name that are taken of one package, of each kind: the large ones
/// must not drown the small ones.
const PER_PACKAGE: usize = 40;

/// How many names were to be known at one position, and how many each prompt held.
pub struct Count {
    pub set: Set,
    pub language: &'static str,
    pub cross_file: usize,
    pub novel: usize,
    /// By system and budget: cross-file and novel names held.
    pub held: [[(usize, usize); BUDGETS.len()]; SYSTEMS.len()],
}

/// What came of a run.
#[derive(Default)]
pub struct Run {
    pub counts: Vec<Count>,
    pub searches: Vec<Duration>,
    pub learning: Duration,
    pub source_bytes: usize,
    pub library_bytes: usize,
    /// Tokens of the product's prompts by budget, summed.
    pub prompt_tokens: [u64; BUDGETS.len()],
}

/// Runs one half; `alone` leaves the baselines out.
pub fn run(dir: &Path, half: Half, alone: bool) -> Run {
    let mut run = Run::default();
    for (n, pair) in pairs(dir, half).iter().enumerate() {
        let workspace = Workspace::read(pair);
        let mut random = Random((n as u64).wrapping_mul(2_654_435_761) + 1);
        let mut positions = workspace.edits(PER_PACKAGE, &mut random);
        positions.extend(workspace.holes(PER_PACKAGE, &mut random));
        let library = learn(&workspace, &mut run);
        let baselines =
            (!alone).then(|| (Windows::of(&workspace.files), Chunks::of(&workspace.files)));
        for position in &positions {
            let baselines = baselines.as_ref();
            ask(&workspace, &library, baselines, position, &mut run);
        }
    }
    run
}

fn learn(workspace: &Workspace<'_>, run: &mut Run) -> Library {
    let library = Library::default();
    let started = Instant::now();
    for (shown, text) in &workspace.files {
        library.learn(&Text {
            path: &workspace.pair.old.join(shown).to_string_lossy(),
            language: workspace.pair.language(shown),
            text,
        });
        run.source_bytes += text.len();
    }
    run.learning += started.elapsed();
    run.library_bytes += library.bytes();
    library
}

fn ask(
    workspace: &Workspace<'_>,
    library: &Library,
    baselines: Option<&(Windows<'_>, Chunks<'_>)>,
    position: &Position,
    run: &mut Run,
) {
    let (snapshot, tree) = open(position);
    let offset = ByteOffset::new(position.before.len());
    let mut context = collect(&snapshot, tree.as_ref(), offset, &position.path, &[]);
    let key = workspace.pair.old.join(&position.path);
    let started = Instant::now();
    let found = related(&context, &key.to_string_lossy(), sources(library));
    run.searches.push(started.elapsed());
    context.definitions = found.into_iter().map(|one| one.snippet).collect();
    let edits = edited(&context, position.edits.clone(), |_| true);
    let mut with_edits = context.clone();
    with_edits.edits = edits.into_iter().map(|one| one.snippet).collect();

    let mut count = Count {
        set: position.set,
        language: workspace.pair.language(&position.path),
        cross_file: position.cross_file.len(),
        novel: position.novel.len(),
        held: Default::default(),
    };
    let best = baselines.map(|(windows, chunks)| (windows.best(position), chunks.best(position)));
    for (at, budget) in BUDGETS.into_iter().enumerate() {
        let prompt = render_within(&context, &spec(), budget);
        run.prompt_tokens[at] += prompt.input_tokens.get();
        let mut texts = [const { String::new() }; SYSTEMS.len()];
        if let Some((windows, chunks)) = &best {
            let half = local(position, budget / 2);
            texts[0] = local(position, budget);
            texts[1] = half.clone() + &fill(windows.iter().copied(), budget / 2);
            texts[2] = half + &fill(chunks.iter().copied(), budget / 2);
        }
        texts[PRODUCT] = text_of(&prompt);
        texts[4] = text_of(&render_within(&with_edits, &spec(), budget));
        for (system, text) in texts.iter().enumerate() {
            let held: HashSet<&str> = names(text).collect();
            let of = |wanted: &[String]| {
                wanted
                    .iter()
                    .filter(|name| held.contains(name.as_str()))
                    .count()
            };
            count.held[system][at] = (of(&position.cross_file), of(&position.novel));
        }
    }
    run.counts.push(count);
}

fn open(position: &Position) -> (Snapshot, Option<mantle_ls::documents::Tree>) {
    let documents = Documents::default();
    let uri = DocumentUri::new(format!("file:///w/{}", position.path));
    let text = format!("{}{}", position.before, position.after);
    documents.open(uri.clone(), position.language, 1, &text);
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(5));
    (snapshot, tree)
}

fn text_of(prompt: &Prompt) -> String {
    let mut text = String::new();
    for snippet in &prompt.snippets {
        text.push_str(&snippet.text);
        text.push('\n');
    }
    text + &prompt.prefix + "\n" + &prompt.suffix
}

/// A library of which no file is open.
pub fn sources(library: &Library) -> Sources<'_> {
    Sources {
        library,
        open: &|_| None,
        shown: &str::to_owned,
    }
}

/// A model that takes any of the budgets.
pub fn spec() -> ModelSpec {
    ModelSpec {
        id: ModelId::new("bench"),
        tier: Tier::OpenSource,
        protocol: Protocol::Scripted,
        base_url: String::new(),
        model: String::new(),
        fim: None,
        region: None,
        price: PriceSource::Free,
        context_tokens: 16_384,
        max_output_tokens: 128,
        first_token_timeout: Duration::from_secs(1),
        idle_timeout: Duration::from_secs(1),
        is_canary: false,
        api_key: None,
    }
}
