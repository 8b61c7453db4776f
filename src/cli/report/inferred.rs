//! How often suggestions are accepted where no client says so, but edits show it, which errs.
//!
//! The share that looks accepted is corrected by what was seen where a client did say so
//! (`routing::Witnesses`), at that client as far as it is known, as Rogan and Gladen do for a test
//! that errs (Am J Epidemiol 107, 1978). The raw rate stands as it was; this is beside it.

use std::path::Path;

use serde::Serialize;

use super::layout::{count, percent};
use super::waterfall::push_section;
use crate::engine::witness_in;
use crate::ledger::{Dimension, Figures, MarginReport};
use crate::routing::Witnesses;

/// The clients that report no outcome, with what their rates come to.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Inferred {
    /// Share of the accepts that edits show.
    sensitivity: f64,
    /// Share of the other offers that look like accepts.
    false_positives: f64,
    /// Offers that both are known from.
    seen_both_ways: u64,
    clients: Vec<Client>,
}

/// A client that reports no outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct Client {
    key: String,
    acceptance_rate: f64,
    corrected_rate: f64,
}

impl Inferred {
    /// Corrects the lines by client, by what is kept beside the ledger; `None` where the report has
    /// no such lines, and where every client says what became of its suggestions.
    pub(super) fn of(report: &MarginReport, ledger: &Path) -> Option<Self> {
        let mut by = report.by.iter();
        let (_, lines) = by.find(|(dimension, _)| *dimension == Dimension::Client)?;
        let witness = witness_in(ledger.parent().unwrap_or(Path::new(".")));
        Self::in_lines(lines, &witness)
    }

    fn in_lines(lines: &[(String, Figures)], witness: &Witnesses) -> Option<Self> {
        let channel = witness.channel(None);
        let clients: Vec<Client> = lines
            .iter()
            .filter(|(_, figures)| says_nothing(figures))
            .filter_map(|(key, figures)| {
                let raw = figures.acceptance_rate()?;
                Some(Client {
                    key: key.clone(),
                    acceptance_rate: raw,
                    corrected_rate: places(witness.channel(Some(key)).corrected(raw)),
                })
            })
            .collect();
        (!clients.is_empty()).then(|| Self {
            sensitivity: places(channel.sensitivity),
            false_positives: places(channel.false_positives),
            seen_both_ways: witness.all().seen() as u64,
            clients,
        })
    }

    /// Returns the section of the report, with an empty line before it.
    pub(super) fn text(&self, width: Option<u16>) -> String {
        let one = |share: f64| percent(Some(share), 1);
        let mut rows: Vec<[String; 3]> = self
            .clients
            .iter()
            .map(|client| {
                let raw = format!("{} looked accepted", one(client.acceptance_rate));
                [client.key.clone(), one(client.corrected_rate), raw]
            })
            .collect();
        let known = match self.seen_both_ways {
            0 => "assumed: nothing was seen both ways yet".to_owned(),
            seen => format!("from {} offers that a client has spoken of", count(seen)),
        };
        let [seen, false_ones] = [self.sensitivity, self.false_positives].map(one);
        rows.push(["accepts that edits show".to_owned(), seen, known]);
        rows.push([
            "others that look accepted".to_owned(),
            false_ones,
            String::new(),
        ]);
        let mut text = String::new();
        let name = "Accepted, where no client says so, corrected";
        push_section(&mut text, name, rows, width);
        text
    }
}

/// Returns whether all that is known of a client's accepts was inferred from edits.
const fn says_nothing(figures: &Figures) -> bool {
    figures.accepted > 0
        && figures.accepted == figures.accepted_inferred
        && figures.dismissed == 0
        && figures.partly_accepted == 0
}

/// Rounds a share to six places, as all shares of a report are.
fn places(share: f64) -> f64 {
    (share * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(accepted: u64, inferred: u64) -> Figures {
        Figures {
            offered: 1_000,
            accepted,
            accepted_inferred: inferred,
            ..Figures::default()
        }
    }

    fn lines() -> Vec<(String, Figures)> {
        vec![
            ("says all".to_owned(), client(300, 0)),
            ("says some".to_owned(), client(300, 299)),
            ("says nothing".to_owned(), client(300, 300)),
            ("nothing accepted".to_owned(), client(0, 0)),
        ]
    }

    #[test]
    fn only_what_no_client_says_is_corrected() {
        let inferred = Inferred::in_lines(&lines(), &Witnesses::default());
        let inferred = inferred.expect("one says nothing");
        // (0.3 − 0.005) ÷ (0.97 − 0.005)
        assert_eq!(
            inferred.clients,
            [Client {
                key: "says nothing".to_owned(),
                acceptance_rate: 0.3,
                corrected_rate: 0.305_699,
            }]
        );
        assert_eq!(inferred.seen_both_ways, 0);
        assert_eq!(
            Inferred::in_lines(&lines()[..2], &Witnesses::default()),
            None
        );
    }

    #[test]
    fn what_was_seen_both_ways_corrects_more() {
        let mut witness = Witnesses::default();
        for n in 0..1_000 {
            witness.observe(None, true, n % 2 == 0);
            witness.observe(None, false, n % 10 == 0);
        }
        let inferred = Inferred::in_lines(&lines(), &witness).expect("one says nothing");
        // Half of the accepts are seen, and a tenth of the others look like one: of three in ten
        // that look accepted nearly half are.
        let corrected = inferred.clients[0].corrected_rate;
        assert!((corrected - 0.48).abs() < 0.01, "{inferred:?}");
        insta::assert_snapshot!(inferred.text(Some(80)));
    }
}
