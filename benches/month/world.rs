//! A team of 200 seats for a month: who types when, what every model would say, what it costs.
//!
//! Models are uneven by language and move: one loses eight points in Rust on day 12, the dear one
//! costs half as much again from day 15 on. The volume is off by up to 15 % from what was expected.

use mantle_ls::domain::{CursorSite, Dice, Features, Money, Timestamp};
use mantle_ls::routing::{logit, sigmoid};

pub const SEATS: usize = 200;
pub const ARMS: [&str; 3] = ["own", "open", "premium"];
pub const LANGUAGES: [&str; 5] = ["rust", "python", "typescript", "go", "java"];
/// From this day on a model is right eight points less often in a language: which, by number.
pub const FALL_DAY: i64 = 12;
pub const FALLEN: (usize, usize) = (1, 0);
/// How often each model is right on an ordinary line, and how many characters that keeps.
const RIGHT: [f64; 3] = [0.30, 0.45, 0.62];
const KEPT: [f64; 3] = [22.0, 30.0, 42.0];
/// The most that a call costs, in micro-USD; it costs between two fifths and all of it.
const WORST: [i64; 3] = [0, 60, 1_400];
const EMBEDDED_KEPT: f64 = 14.0;
/// Decision points of a seat on a working day.
const POINTS: f64 = 10.0;
/// Monday, 2026-11-02, in seconds.
const FIRST_DAY: i64 = 1_793_577_600;
pub const DAYS: i64 = 30;

/// One decision point with everything that would come of it.
#[derive(Clone, Debug)]
pub struct Point {
    pub at: Timestamp,
    pub day: i64,
    pub seat: usize,
    /// By its number in `LANGUAGES`.
    pub language: usize,
    pub features: Features,
    pub embedded_is_right: bool,
    pub embedded_kept: f64,
    pub arms: [Would; 3],
}

/// What one model would do.
#[derive(Clone, Copy, Debug)]
pub struct Would {
    pub is_right: bool,
    pub kept: f64,
    pub worst: Money,
    pub cost: Money,
}

fn normal(dice: &mut Dice) -> f64 {
    let radius = (-2.0 * (1.0 - dice.share()).ln()).sqrt();
    radius * (std::f64::consts::TAU * dice.share()).cos()
}

pub fn moment(day: i64, second: i64) -> Timestamp {
    Timestamp::from_unix_micros((FIRST_DAY + day * 86_400 + second) * 1_000_000)
}

/// Returns the points of a month, in order; `falls` says whether a model becomes worse in it.
pub fn month(seed: u64, falls: bool) -> Vec<Point> {
    let mut dice = Dice::new(seed);
    let volume = 0.85 + 0.3 * dice.share();
    // How far each model is from itself in each language.
    let uneven: Vec<[f64; 5]> = (0..3)
        .map(|_| std::array::from_fn(|_| 0.4 * normal(&mut dice)))
        .collect();
    let mut points = Vec::new();
    for day in 0..DAYS {
        let is_weekend = day % 7 >= 5;
        for seat in 0..SEATS {
            let mean = if is_weekend { 0.4 } else { POINTS } * volume;
            let count = (mean * (0.5 + dice.share())).round() as i64;
            for _ in 0..count {
                let second = 8 * 3_600 + dice.below(10 * 3_600) as i64;
                let when = (day, second);
                points.push(point(&mut dice, &uneven, when, seat, falls));
            }
        }
    }
    points.sort_by_key(|point| point.at);
    points
}

fn point(
    dice: &mut Dice,
    uneven: &[[f64; 5]],
    (day, second): (i64, i64),
    seat: usize,
    falls: bool,
) -> Point {
    let language = dice.below(5);
    let hard = 1.2 * normal(dice);
    let speaks = dice.share() < 0.7;
    let confidence = sigmoid(-0.4 - 0.9 * hard + 0.8 * normal(dice));
    let chars = 4 + dice.below(26) as u32;
    let arms = std::array::from_fn(|arm| {
        let fall = if falls && (arm, language) == FALLEN && day >= FALL_DAY {
            logit(RIGHT[arm]) - logit(RIGHT[arm] - 0.08)
        } else {
            0.0
        };
        let truth = logit(RIGHT[arm]) + uneven[arm][language] - 0.9 * hard - fall;
        let rise = if arm == 2 && day >= 15 { 3 } else { 2 };
        let worst = WORST[arm] * rise / 2 * 1_000_000;
        Would {
            is_right: dice.share() < sigmoid(truth),
            kept: KEPT[arm] * (0.5 + dice.share()),
            worst: Money::from_pico_usd(worst),
            cost: Money::from_pico_usd((worst as f64 * (0.4 + 0.6 * dice.share())) as i64),
        }
    });
    Point {
        at: moment(day, second),
        day,
        seat,
        language,
        features: Features {
            language: LANGUAGES[language].to_owned(),
            site: CursorSite::ALL[dice.below(CursorSite::ALL.len())],
            embedded_confidence: speaks.then_some(confidence as f32),
            embedded_chars: speaks.then_some(chars),
            prompt_tokens: 300 + dice.below(1_200) as u32,
            line_prefix_chars: dice.below(50) as u32,
            partial_identifier_chars: dice.below(6) as u32,
            document_lines: dice.below(1_500) as u32,
        },
        embedded_is_right: speaks && dice.share() < confidence,
        embedded_kept: EMBEDDED_KEPT * f64::from(chars) / 17.0,
        arms,
    }
}
