//! Places as the router sees them, with what a second model says there.

use std::time::Duration;

use mantle_ls::context::collect;
use mantle_ls::documents::Documents;
use mantle_ls::domain::{ByteOffset, DocumentUri, Features};
use mantle_ls::engine::sight_of;
use mantle_ls::inhouse::{EmbeddedModel, Opinion, Query};

use crate::corpus::Pair;
use crate::replay::{Line, Random, edits, in_every, is_right};

/// Columns of each line that are asked at.
pub const COLUMNS: usize = 4;

/// One place.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The number of its package.
    pub package: usize,
    /// Whether it is the first of its line: those stand for lines.
    pub is_first: bool,
    pub features: Features,
    /// Whether the embedded model's surest line is right.
    pub is_right: bool,
    /// Whether the other model's is.
    pub other_is_right: bool,
}

/// Returns the numbers of the packages that places are in.
pub fn packages<'s>(seen: impl Iterator<Item = &'s Seen>) -> Vec<usize> {
    let mut packages: Vec<usize> = seen.map(|seen| seen.package).collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Asks in every package.
pub fn of(pairs: &[Pair]) -> Vec<Seen> {
    let mut seen: Vec<Vec<Seen>> = in_every(pairs, in_package);
    seen.sort_by_key(|seen| seen.first().map(|seen| seen.package));
    seen.into_iter().flatten().collect()
}

fn in_package(package: usize, pair: &Pair, mut random: Random) -> Vec<Seen> {
    let known = pair.files(&pair.old);
    let lines = edits(pair, &known, &mut random);
    let mut files: Vec<_> = known.into_iter().collect();
    random.shuffle(&mut files);
    let models = [EmbeddedModel::new(), EmbeddedModel::new()];
    for (half, model) in models.iter().enumerate() {
        let own = files.iter().skip(half).step_by(2);
        let lessons: Vec<_> = own
            .map(|(path, text)| (path.clone(), pair.language(path).to_owned(), text.clone()))
            .collect();
        model.learn_many(lessons.into_iter());
    }
    let mut seen = Vec::new();
    for line in &lines {
        let closes = random.below(3) == 0;
        let mut columns = line.columns();
        random.shuffle(&mut columns);
        columns.truncate(COLUMNS);
        for (n, column) in columns.into_iter().enumerate() {
            let language = pair.language(&line.path);
            let (features, [own, other]) = ask(&models, line, language, (column, closes));
            let truth = line.rest_at(column, closes).0;
            let right = |opinion: &Opinion| {
                let surest = opinion.alternatives.first();
                surest.is_some_and(|surest| is_right(&surest.prediction.text, truth))
            };
            seen.push(Seen {
                package,
                is_first: n == 0,
                features,
                is_right: right(&own),
                other_is_right: right(&other),
            });
        }
    }
    seen
}

/// Asks both models, and returns what the router is told where the first is the embedded one.
fn ask(
    models: &[EmbeddedModel; 2],
    line: &Line,
    language: &str,
    (column, closes): (usize, bool),
) -> (Features, [Opinion; 2]) {
    let before = [line.above.as_str(), &line.line[..column]].concat();
    let after = line.rest_at(column, closes).1 + &line.below;
    let opinions = models.each_ref().map(|model| {
        model.opinion(&Query {
            path: &line.path,
            language,
            before: &before,
            after: &after,
            several_lines: column + line.line.trim_start().len() == line.line.len(),
        })
    });
    let documents = Documents::default();
    let uri = DocumentUri::new(format!("file:///w/{}", line.path));
    documents.open(uri.clone(), language, 1, &(before.clone() + &after));
    let snapshot = documents.snapshot(&uri).expect("it is open");
    let tree = documents.parse(&snapshot, Duration::from_secs(5));
    let offset = ByteOffset::new(before.len());
    let context = collect(&snapshot, tree.as_ref(), offset, &line.path, &[]);
    // Where a model over the network is there, other files are known as well.
    let (_, features) = sight_of(&context, &opinions[0], true);
    (features, opinions)
}
