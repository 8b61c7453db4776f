//! A model that has lost the thread says the same thing over and over. What counts as that is
//! chosen so that tables, chains of calls and separators in ordinary code do not.

/// The longest unit of lines that is looked for.
const MOST_LINES: usize = 8;
/// A unit of several lines is at least so long, in bytes.
const LEAST_UNIT: usize = 20;
/// How much of the end of a line is looked at, in bytes.
const TAIL: usize = 512;

/// Returns where to cut a text whose last lines repeat those before them: after the first of them.
///
/// One line counts the third time in a row, several lines the second time.
pub(super) fn repeated_lines(text: &str) -> Option<usize> {
    let mut end = 0;
    let lines: Vec<(usize, &str)> = text
        .split_inclusive('\n')
        .map(|line| {
            end += line.len();
            // The first line may lack its indentation: the cursor stands there.
            (end - line.len() + line.trim_end().len(), line.trim())
        })
        .filter(|(_, line)| !line.is_empty())
        .collect();
    (1..=MOST_LINES).find_map(|unit| {
        let copies = if unit == 1 { 3 } else { 2 };
        let start = lines.len().checked_sub(unit * copies)?;
        let is_same = |at: usize| lines[at].1 == lines[at - unit].1;
        let repeats = (start + unit..lines.len()).all(is_same);
        let first = &lines[start..start + unit];
        let telling = first.iter().filter(|(_, line)| has_word(line)).count();
        let bytes: usize = first.iter().map(|(_, line)| line.len()).sum();
        let counts = telling >= unit.min(2) && (unit == 1 || bytes >= LEAST_UNIT);
        (repeats && counts).then(|| lines[start + unit - 1].0)
    })
}

/// Returns where to cut a line that ends in copies of one piece: after the first of them.
///
/// The longer the piece, the fewer copies count: four of a word, three of a call, two of a clause.
pub(super) fn repeated_tail(line: &str) -> Option<usize> {
    let from = line.ceil_char_boundary(line.len().saturating_sub(TAIL));
    let tail = &line.as_bytes()[from..];
    let n = tail.len();
    for unit in 1..=n.div_ceil(2) {
        let same = (unit..n)
            .rev()
            .take_while(|at| tail[*at] == tail[at - unit])
            .count();
        let run = same + unit;
        let start = from + n - run;
        let cut = line.ceil_char_boundary(start + unit);
        let piece = &line[line.floor_char_boundary(start)..cut];
        let least = match unit {
            1..=3 => 40,
            4..=9 => unit * 4,
            10..=23 => unit * 3,
            // The blank between two clauses is missing after the last.
            _ if words(piece) >= 3 => unit * 2 - 1,
            _ => unit * 3,
        };
        if run >= least && same > 0 && has_word(piece) {
            return Some(cut);
        }
    }
    None
}

fn has_word(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}

fn words(text: &str) -> usize {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| !word.is_empty())
        .count()
}
