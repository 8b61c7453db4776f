//! Shortens a report: the dearest lines stay, the others become one, and the sums stay what they are.

use super::figures::Figures;
use super::report::{Dimension, MarginReport};

/// The name of the line that stands for those which are not shown.
pub const OTHERS: &str = "(others)";

impl MarginReport {
    /// Keeps the first `n` lines of each dimension, the dearest, and adds the rest up in a line
    /// [`OTHERS`]. Days are all kept: they are a course of time and no ranking.
    pub fn keep_top(&mut self, n: usize) {
        for (dimension, lines) in &mut self.by {
            if *dimension != Dimension::Day {
                let rest = lines.split_off(lines.len().min(n));
                push_others(lines, &rest);
            }
        }
    }

    /// Keeps the lines that `other` has as well and adds the rest up in a line [`OTHERS`], so that
    /// the two can be laid side by side. Days are all kept.
    pub fn keep_lines_of(&mut self, other: &Self) {
        for (dimension, lines) in &mut self.by {
            let theirs = other.by.iter().find(|(theirs, _)| theirs == dimension);
            let Some((_, theirs)) = theirs.filter(|_| *dimension != Dimension::Day) else {
                continue;
            };
            let is_theirs =
                |(key, _): &(String, Figures)| theirs.iter().any(|(name, _)| name == key);
            let (kept, rest) = std::mem::take(lines).into_iter().partition(is_theirs);
            *lines = kept;
            push_others(lines, &rest);
        }
    }
}

fn push_others(lines: &mut Vec<(String, Figures)>, rest: &[(String, Figures)]) {
    if rest.is_empty() {
        return;
    }
    let mut others = Figures::default();
    rest.iter().for_each(|(_, figures)| others.add(figures));
    lines.push((OTHERS.to_owned(), others));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;
    use crate::ledger::ReportQuery;

    fn report(dimension: Dimension, lines: &[(&str, u64)]) -> MarginReport {
        let at = Timestamp::from_unix_micros;
        let empty = MarginReport::empty(&ReportQuery::new(at(0), at(1_000_000)));
        let line = |&(key, calls): &(&str, u64)| {
            let known_cost_pico = i128::from(calls);
            (
                key.to_owned(),
                Figures {
                    calls,
                    known_cost_pico,
                    ..Figures::default()
                },
            )
        };
        MarginReport {
            by: vec![(dimension, lines.iter().map(line).collect())],
            ..empty.expect("an empty report")
        }
    }

    #[track_caller]
    fn check(report: &MarginReport, expected: &[(&str, u64)]) {
        let (_, lines) = &report.by[0];
        let lines: Vec<_> = lines
            .iter()
            .map(|(key, figures)| (key.as_str(), figures.calls))
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn the_rest_is_one_line_and_nothing_is_lost() {
        let three = [("a", 5), ("b", 3), ("c", 2)];
        let mut top = report(Dimension::Model, &three);
        top.keep_top(1);
        check(&top, &[("a", 5), (OTHERS, 5)]);
        assert_eq!(top.by[0].1[1].1.known_cost_pico, 5);
        let mut all = report(Dimension::Model, &three);
        all.keep_top(3);
        check(&all, &three);
    }

    #[test]
    fn days_are_no_ranking() {
        let mut days = report(Dimension::Day, &[("2026-11-10", 1), ("2026-11-11", 9)]);
        days.keep_top(1);
        check(&days, &[("2026-11-10", 1), ("2026-11-11", 9)]);
    }

    #[test]
    fn an_earlier_report_is_cut_to_the_same_lines() {
        let mut now = report(Dimension::Model, &[("a", 5), ("b", 3), ("c", 2)]);
        now.keep_top(2);
        let mut before = report(Dimension::Model, &[("c", 9), ("b", 4), ("d", 1)]);
        before.keep_lines_of(&now);
        check(&before, &[("b", 4), (OTHERS, 10)]);
    }
}
