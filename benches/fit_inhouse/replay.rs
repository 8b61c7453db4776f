//! Types lines as an editor would, and asks the model at every key.
//!
//! Two kinds of question come of it. A *place* is one random column of each line, whatever was
//! suggested before it: how often is the model right there, and does it know. A *key* is a place as
//! typing meets it: what is shown stays until it is contradicted, what is right is taken, and the
//! lines that the model knows are over early, so that the hard ones are asked about more often.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use mantle_ls::inhouse::{
    CutFeatures, EmbeddedModel, FURTHER_THRESHOLD, Features, FurtherFeatures, Opinion, Query,
    SHOW_THRESHOLD,
};

use super::corpus::Pair;
use super::diff::{added_lines, similarity};

/// Lines typed in one package: the large ones must not drown the small ones.
const LINES: usize = 50;
/// Lines of the files that questions are asked in.
const MOST_LINES: usize = 3_000;
/// What a young repository has, in bytes.
const YOUNG: usize = 120_000;

/// Where the lines come from, and what is known when they are typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Lines that a release adds; the release before it is known.
    Edits,
    /// The same, where only a few files of the release before are known.
    Young,
    /// Any line of a finished file, with all that stands below it.
    Holes,
}

/// Whether every key is asked about, or only one random place in each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    Asked,
    Skipped,
}

/// What the model weighed at one place.
pub struct Asked {
    /// The language of the file, as the tables name it.
    pub language: &'static str,
    /// The number of the package, so that no package is on both sides of a fit.
    pub package: usize,
    /// The best first.
    pub alternatives: Vec<Weighed>,
    /// Beginnings of the best one, and whether the line begins so.
    pub cuts: Vec<(CutFeatures, bool)>,
}

/// One suggestion and whether it was right.
pub struct Weighed {
    pub features: Features,
    pub confidence: f64,
    pub right: bool,
    pub similarity: f64,
}

/// A whole line that was shown, and the lines behind it.
pub struct Block {
    pub first_right: bool,
    pub lines: Vec<Further>,
}

/// A line behind the one that was asked about.
pub struct Further {
    pub features: FurtherFeatures,
    /// Whether it is sure enough, as all lines before it.
    pub is_shown: bool,
    /// Whether all lines up to it were typed so.
    pub right: bool,
    pub characters: usize,
}

/// What was shown while a line was typed.
pub struct Shown {
    pub language: &'static str,
    pub right: bool,
    pub characters: usize,
}

/// What came of a run.
#[derive(Default)]
pub struct Replay {
    pub places: Vec<Asked>,
    pub keys: Vec<Asked>,
    pub shown: Vec<Shown>,
    /// Lines behind whole ones that were shown, by the place: where nothing was typed of the line,
    /// and elsewhere, where editors want no more than the line.
    pub further: [Vec<Block>; 2],
    /// Characters of the typed lines, by language.
    pub typed: BTreeMap<&'static str, usize>,
    pub query_times: Vec<Duration>,
    pub source_bytes: usize,
    pub index_bytes: usize,
    pub learning: Duration,
}

impl Replay {
    fn add(&mut self, other: Self) {
        self.places.extend(other.places);
        self.keys.extend(other.keys);
        self.shown.extend(other.shown);
        for (further, other) in self.further.iter_mut().zip(other.further) {
            further.extend(other);
        }
        for (language, characters) in other.typed {
            *self.typed.entry(language).or_default() += characters;
        }
        self.query_times.extend(other.query_times);
        self.source_bytes += other.source_bytes;
        self.index_bytes += other.index_bytes;
        self.learning += other.learning;
    }
}

/// Types in every package.
pub fn run(pairs: &[Pair], set: Set, keys: Keys) -> Replay {
    let replays = in_every(pairs, |n, pair, random| {
        let mut replay = Replay::default();
        replay_pair(pair, (set, keys), random, &mut replay);
        for asked in replay.places.iter_mut().chain(&mut replay.keys) {
            asked.package = n;
        }
        replay
    });
    let mut all = Replay::default();
    for replay in replays {
        all.add(replay);
    }
    all
}

/// Does `work` in every package, with its number and chance of its own, on all cores.
pub fn in_every<T: Send>(
    pairs: &[Pair],
    work: impl Fn(usize, &Pair, Random) -> T + Sync,
) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let share = |thread: usize| -> Vec<T> {
        let own = pairs.iter().enumerate().skip(thread).step_by(threads);
        own.map(|(n, pair)| work(n, pair, Random(n as u64 * 2_654_435_761 + 1)))
            .collect()
    };
    let share = &share;
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads)
            .map(|n| scope.spawn(move || share(n)))
            .collect();
        let done = running.into_iter();
        done.flat_map(|thread| thread.join().expect("no question is answered with a panic"))
            .collect()
    })
}

/// A line to type, in the file as it will be when it is typed.
pub struct Line {
    pub path: String,
    pub above: String,
    pub line: String,
    /// The lines that are typed after it, before one that stands there already.
    next: Vec<String>,
    pub below: String,
}

impl Line {
    /// Returns what the line still lacks at a column, and what stands after the cursor in it where
    /// the editor `closes` brackets and quotes.
    pub fn rest_at(&self, column: usize, closes: bool) -> (&str, String) {
        let line = self.line.as_str();
        let truth = &line[column..];
        if closes {
            let closed = closing(line[..column].trim_start());
            if let Some(inner) = truth.strip_suffix(closed.as_str())
                && !inner.is_empty()
            {
                return (inner, closed);
            }
        }
        (truth, String::new())
    }

    /// Returns the columns that somebody who types it comes by.
    pub fn columns(&self) -> Vec<usize> {
        let lead = self.line.len() - self.line.trim_start().len();
        let typed = self.line[lead..].char_indices();
        typed.map(|(i, _)| lead + i).collect()
    }
}

fn replay_pair(pair: &Pair, (set, keys): (Set, Keys), mut random: Random, replay: &mut Replay) {
    let mut known = pair.files(if set == Set::Holes {
        &pair.new
    } else {
        &pair.old
    });
    if set == Set::Young {
        known = some_of(known, &mut random);
    }
    let mut lines = match set {
        Set::Holes => holes(pair, &known, &mut random),
        Set::Edits | Set::Young => edits(pair, &known, &mut random),
    };
    lines.truncate(LINES);
    if lines.is_empty() {
        println!("{}: nothing to type", pair.name);
        return;
    }
    let model = EmbeddedModel::new();
    let lessons = known.iter().map(|(path, text)| {
        let language = pair.language(path).to_owned();
        (path.clone(), language, text.clone())
    });
    let lessons: Vec<_> = lessons.collect();
    let started = Instant::now();
    model.learn_many(lessons.into_iter());
    replay.learning += started.elapsed();
    replay.source_bytes += known.values().map(String::len).sum::<usize>();
    replay.index_bytes += model.bytes();
    for line in &lines {
        let closes = random.below(3) == 0;
        let language = pair.language(&line.path);
        Typist {
            model: &model,
            line,
            language,
            closes,
            keys,
            replay,
        }
        .type_line(&mut random);
    }
}

/// Keeps a few files, in no order, up to the size of a young repository.
fn some_of(files: BTreeMap<String, String>, random: &mut Random) -> BTreeMap<String, String> {
    let mut files: Vec<(String, String)> = files.into_iter().collect();
    random.shuffle(&mut files);
    let mut bytes = 0;
    files
        .into_iter()
        .take_while(|(_, text)| {
            bytes += text.len();
            bytes <= YOUNG
        })
        .collect()
}

/// Returns lines that the new release adds, in files that are known.
pub fn edits(pair: &Pair, known: &BTreeMap<String, String>, random: &mut Random) -> Vec<Line> {
    let mut found = Vec::new();
    let new = pair.files(&pair.new);
    let mut texts: Vec<(Vec<&str>, Vec<bool>)> = Vec::new();
    for (path, text) in &new {
        // A file that is new may be an old one under a new name, which would be too easy.
        let Some(before) = known.get(path).filter(|before| *before != text) else {
            continue;
        };
        if !pair.asks_in(path) {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        // Long files take a square of their length to compare, and there are enough of the others.
        if lines.len() > MOST_LINES || before.lines().count() > MOST_LINES {
            continue;
        }
        let is_new = added_lines(&before.lines().collect::<Vec<_>>(), &lines);
        let added = (0..lines.len()).filter(|&at| is_new[at] && is_worth_typing(lines[at]));
        found.extend(added.map(|at| (path, texts.len(), at)));
        texts.push((lines, is_new));
    }
    random.shuffle(&mut found);
    found.truncate(LINES);
    found
        .into_iter()
        .map(|(path, text, at)| {
            let (lines, is_new) = &texts[text];
            // Lines of the change below the cursor do not exist yet.
            let kept = (at + 1..lines.len()).filter(|&below| !is_new[below]);
            Line {
                path: path.clone(),
                above: lines[..at].iter().flat_map(|l| [l, "\n"]).collect(),
                line: lines[at].trim_end().to_owned(),
                next: (at + 1..lines.len())
                    .take_while(|&next| is_new[next])
                    .map(|next| lines[next].trim_end().to_owned())
                    .collect(),
                below: kept.flat_map(|below| ["\n", lines[below]]).collect(),
            }
        })
        .collect()
}

fn holes(pair: &Pair, known: &BTreeMap<String, String>, random: &mut Random) -> Vec<Line> {
    let mut found = Vec::new();
    for (path, text) in known.iter().filter(|(path, _)| pair.asks_in(path)) {
        let lines = text.lines().enumerate();
        found.extend(
            lines
                .filter(|(_, l)| is_worth_typing(l))
                .map(|(at, _)| (path, at)),
        );
    }
    random.shuffle(&mut found);
    found.truncate(LINES);
    found
        .into_iter()
        .map(|(path, at)| {
            let lines: Vec<&str> = known[path].lines().collect();
            Line {
                path: path.clone(),
                above: lines[..at].iter().flat_map(|l| [*l, "\n"]).collect(),
                line: lines[at].trim_end().to_owned(),
                next: Vec::new(),
                below: lines[at + 1..].iter().flat_map(|l| ["\n", *l]).collect(),
            }
        })
        .collect()
}

fn is_worth_typing(line: &str) -> bool {
    line.trim().len() > 2
}

/// Somebody who types one line.
struct Typist<'a> {
    model: &'a EmbeddedModel,
    line: &'a Line,
    language: &'static str,
    /// Some editors close brackets and quotes at once.
    closes: bool,
    keys: Keys,
    replay: &'a mut Replay,
}

impl Typist<'_> {
    fn type_line(self, random: &mut Random) {
        let line = self.line.line.as_str();
        let lead = line.len() - line.trim_start().len();
        let columns = self.line.columns();
        let place = columns[random.below(columns.len())];
        let group = group(self.language);
        *self.replay.typed.entry(group).or_default() += columns.len();
        // Reads the file: in an editor that was done when it was opened.
        let _ = self.ask(lead);
        let mut shown: Option<(usize, String)> = None;
        let mut taken_up_to = lead;
        for &column in &columns {
            if let Some((from, text)) = &shown
                && !text.starts_with(&line[*from..column])
            {
                shown = None;
            }
            let is_asked = self.keys == Keys::Asked && shown.is_none() && column >= taken_up_to;
            if !is_asked && column != place {
                continue;
            }
            let opinion = self.ask(column);
            let truth = self.line.rest_at(column, self.closes).0.to_owned();
            if is_asked {
                self.replay.keys.push(asked(group, &truth, &opinion));
                let best = opinion.prediction();
                if let Some(best) = best.filter(|best| best.confidence.get() >= SHOW_THRESHOLD) {
                    let text = best.text.split('\n').next().unwrap_or_default().to_owned();
                    let is_right =
                        is_right(&text, &truth) || (best.is_cut && begins(&truth, &text));
                    if !best.is_cut {
                        let further = self.further(&opinion, is_right);
                        self.replay.further[usize::from(column > lead)].push(further);
                    }
                    let characters = text.chars().count();
                    self.replay.shown.push(Shown {
                        language: group,
                        right: is_right,
                        characters,
                    });
                    if is_right {
                        taken_up_to = column + text.len().min(truth.len());
                    } else {
                        shown = Some((column, text));
                    }
                }
            }
            if column == place {
                self.replay.query_times.push(self.time_of(column));
                self.replay.places.push(asked(group, &truth, &opinion));
            }
        }
    }

    /// Compares the lines behind the surest one with those that are typed next.
    fn further(&self, opinion: &Opinion, first_right: bool) -> Block {
        let mut right = first_right;
        let mut is_shown = true;
        let lines = opinion.further.iter().zip(0..).map(|(further, at)| {
            let line = &further.prediction;
            right &= self.line.next.get(at) == Some(&line.text);
            is_shown &= line.confidence.get() >= FURTHER_THRESHOLD;
            Further {
                features: further.features,
                is_shown,
                right,
                characters: line.text.trim_start().chars().count(),
            }
        });
        Block {
            lines: lines.collect(),
            first_right,
        }
    }

    /// Returns how long an answer takes where the file was read at the key before; the fastest of
    /// three, because the machine is shared.
    fn time_of(&self, column: usize) -> Duration {
        let lead = self.line.line.len() - self.line.line.trim_start().len();
        let times = (0..3).map(|_| {
            let started = Instant::now();
            let _ = self.ask_for(column, column == lead);
            started.elapsed()
        });
        times.min().unwrap_or_default()
    }

    fn ask(&self, column: usize) -> Opinion {
        self.ask_for(column, true)
    }

    fn ask_for(&self, column: usize, several_lines: bool) -> Opinion {
        let before = [&self.line.above, &self.line.line[..column]].concat();
        let after = self.line.rest_at(column, self.closes).1 + &self.line.below;
        self.model.opinion(&Query {
            path: &self.line.path,
            language: self.language,
            before: &before,
            after: &after,
            several_lines,
        })
    }
}

fn asked(language: &'static str, truth: &str, opinion: &Opinion) -> Asked {
    let weighed = opinion.alternatives.iter().map(|alternative| {
        let text = &alternative.prediction.text;
        Weighed {
            features: alternative.features,
            confidence: f64::from(alternative.prediction.confidence.get()),
            right: is_right(text, truth),
            similarity: similarity(text.trim(), truth.trim()),
        }
    });
    Asked {
        language,
        package: 0,
        alternatives: weighed.collect(),
        cuts: opinion
            .cuts
            .iter()
            .map(|cut| (cut.features, begins(truth, &cut.prediction.text)))
            .collect(),
    }
}

/// Returns whether a suggestion is the whole rest of a line.
pub fn is_right(text: &str, truth: &str) -> bool {
    text.trim() == truth.trim()
}

/// Returns whether a line begins with these tokens, and does not go on inside the last of them.
fn begins(line: &str, start: &str) -> bool {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    line.strip_prefix(start)
        .is_some_and(|rest| !(start.ends_with(is_word) && rest.starts_with(is_word)))
}

/// Returns what an editor puts behind the cursor for the brackets and quotes open before it.
fn closing(typed: &str) -> String {
    let mut open = Vec::new();
    for c in typed.chars() {
        match c {
            _ if open.last() == Some(&c) => {
                open.pop();
            }
            '"' => open.push('"'),
            '(' => open.push(')'),
            '[' => open.push(']'),
            '{' => open.push('}'),
            _ => {}
        }
    }
    open.iter().rev().collect()
}

/// Returns the row of the tables that a language counts in.
fn group(language: &'static str) -> &'static str {
    match language {
        "typescriptreact" => "typescript",
        "scss" => "css",
        other => other,
    }
}

/// A small generator, so that every run asks the same places.
pub struct Random(u64);

impl Random {
    /// Returns a number below a limit.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }

    /// Puts items into an order by chance.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last + 1));
        }
    }
}
