//! The one place where providers' ways of counting become [`Usage`], the inclusive form.
//!
//! Providers differ in three things: what the counts are called, whether the input holds what came
//! from a cache, and whether the output holds the reasoning. Each way is a row of places below;
//! nothing else in this module knows a provider. A report that comes again replaces what it names
//! and leaves the rest: reports are cumulative, and some name only what has changed.

use serde_json::Value;

use crate::domain::{TokenCount, Usage};

/// Where JSON pointers find a count; the first that leads to one is taken.
type Places = &'static [&'static str];

/// One way of counting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    input: Places,
    /// Input that the provider counts apart from `input`, such as what tools have said.
    more_input: Places,
    cache_read: Places,
    /// All that was written to the cache, for however long.
    cache_write: Places,
    cache_write_5m: Places,
    cache_write_1h: Places,
    output: Places,
    reasoning: Places,
    total: Places,
    caches: Part,
    reasons: Part,
}

/// Whether a part is counted in its whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Part {
    Within,
    Beside,
}

impl Counting {
    const NONE: Self = Self {
        input: &[],
        more_input: &[],
        cache_read: &[],
        cache_write: &[],
        cache_write_5m: &[],
        cache_write_1h: &[],
        output: &[],
        reasoning: &[],
        total: &[],
        caches: Part::Within,
        reasons: Part::Within,
    };

    /// `/v1/completions`, chat, Mistral and DeepSeek. xAI speaks it too and counts reasoning beside
    /// the output, which its total gives away.
    pub(super) const OPEN_AI: Self = Self {
        input: &["/prompt_tokens"],
        cache_read: &[
            "/prompt_tokens_details/cached_tokens",
            "/prompt_cache_hit_tokens",
        ],
        cache_write: &["/prompt_tokens_details/cache_write_tokens"],
        output: &["/completion_tokens"],
        reasoning: &["/completion_tokens_details/reasoning_tokens"],
        total: &["/total_tokens"],
        ..Self::NONE
    };

    /// llama.cpp's own routes. Not `tokens_cached`: that is what the cache holds afterwards, the
    /// answer included. `tokens_evaluated` is the whole prompt, cached or not.
    pub(super) const LLAMA_CPP: Self = Self {
        input: &["/tokens_evaluated"],
        cache_read: &["/timings/cache_n"],
        output: &["/tokens_predicted", "/timings/predicted_n"],
        ..Self::NONE
    };

    /// Ollama. It counts thoughts in the output without telling how many they are.
    pub(super) const OLLAMA: Self = Self {
        input: &["/prompt_eval_count"],
        output: &["/eval_count"],
        ..Self::NONE
    };

    /// Anthropic: the input is what no cache holds.
    pub(super) const ANTHROPIC: Self = Self {
        output: &["/output_tokens"],
        reasoning: &["/output_tokens_details/thinking_tokens"],
        ..Self::ANTHROPIC_INPUT
    };

    /// The same before the answer has ended, when the output's count stands for nothing yet.
    pub(super) const ANTHROPIC_INPUT: Self = Self {
        input: &["/input_tokens"],
        cache_read: &["/cache_read_input_tokens"],
        cache_write: &["/cache_creation_input_tokens"],
        cache_write_5m: &["/cache_creation/ephemeral_5m_input_tokens"],
        cache_write_1h: &["/cache_creation/ephemeral_1h_input_tokens"],
        caches: Part::Beside,
        ..Self::NONE
    };

    /// OpenAI's responses.
    pub(super) const RESPONSES: Self = Self {
        input: &["/input_tokens"],
        cache_read: &["/input_tokens_details/cached_tokens"],
        cache_write: &["/input_tokens_details/cache_write_tokens"],
        output: &["/output_tokens"],
        reasoning: &["/output_tokens_details/reasoning_tokens"],
        total: &["/total_tokens"],
        ..Self::NONE
    };

    /// Gemini: thoughts beside the answer, what tools said beside the prompt.
    pub(super) const GEMINI: Self = Self {
        output: &["/candidatesTokenCount"],
        reasoning: &["/thoughtsTokenCount"],
        reasons: Part::Beside,
        ..Self::GEMINI_INPUT
    };

    /// The same before the answer has ended: what is closed now is billed to its end.
    pub(super) const GEMINI_INPUT: Self = Self {
        input: &["/promptTokenCount"],
        more_input: &["/toolUsePromptTokenCount"],
        cache_read: &["/cachedContentTokenCount"],
        ..Self::NONE
    };

    /// Reads one report by itself.
    #[cfg(test)]
    pub(super) fn read(&'static self, report: &Value) -> Usage {
        Reported::default().hear(self, report)
    }
}

/// What a provider has reported of one call so far, as it counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Reported {
    input: Option<u64>,
    more_input: Option<u64>,
    cache_read: Option<u64>,
    cache_write: Option<u64>,
    cache_write_5m: Option<u64>,
    cache_write_1h: Option<u64>,
    output: Option<u64>,
    reasoning: Option<u64>,
    total: Option<u64>,
}

impl Reported {
    /// Takes a report over what came before it and returns all that is known now. What is no count,
    /// such as a negative number, is unknown.
    pub(super) fn hear(&mut self, counting: &Counting, report: &Value) -> Usage {
        let count = |places: Places, before: Option<u64>| {
            let found = places
                .iter()
                .find_map(|place| report.pointer(place)?.as_u64());
            found.or(before)
        };
        *self = Self {
            input: count(counting.input, self.input),
            more_input: count(counting.more_input, self.more_input),
            cache_read: count(counting.cache_read, self.cache_read),
            cache_write: count(counting.cache_write, self.cache_write),
            cache_write_5m: count(counting.cache_write_5m, self.cache_write_5m),
            cache_write_1h: count(counting.cache_write_1h, self.cache_write_1h),
            output: count(counting.output, self.output),
            reasoning: count(counting.reasoning, self.reasoning),
            total: count(counting.total, self.total),
        };
        self.inclusive(counting)
    }

    fn inclusive(self, counting: &Counting) -> Usage {
        let (write_5m, write_1h) = self.cache_writes();
        let cached = sum(&[self.cache_read, write_5m, write_1h]).unwrap_or(0);
        let input = sum(&[self.input, self.more_input]);
        if input == Some(0) && cached == 0 {
            // No prompt is of no tokens: proxies begin with zeros for what they do not know yet.
            return Usage {
                output_total: tokens(self.whole_output(counting)),
                reasoning: tokens(self.reasoning),
                ..Usage::default()
            };
        }
        // A whole that is smaller than its parts does not hold them, whoever says so.
        let input = input.map(|input| match counting.caches {
            Part::Within if cached <= input => input,
            Part::Within | Part::Beside => input.saturating_add(cached),
        });
        Usage {
            input_total: tokens(input),
            cache_read: tokens(self.cache_read),
            cache_write_5m: tokens(write_5m),
            cache_write_1h: tokens(write_1h),
            output_total: tokens(self.whole_output(counting)),
            reasoning: tokens(self.reasoning),
        }
    }

    /// Returns what was written to the cache for minutes and for an hour. What no split names was
    /// written for minutes, which is what a provider does unless it is asked for more.
    fn cache_writes(self) -> (Option<u64>, Option<u64>) {
        let named = sum(&[self.cache_write_5m, self.cache_write_1h]);
        let unnamed = self
            .cache_write
            .map(|all| all.saturating_sub(named.unwrap_or(0)));
        (sum(&[self.cache_write_5m, unnamed]), self.cache_write_1h)
    }

    fn whole_output(self, counting: &Counting) -> Option<u64> {
        let reasoning = self.reasoning.unwrap_or(0);
        if counting.reasons == Part::Beside {
            return sum(&[self.output, self.reasoning]);
        }
        let output = self.output?;
        let with_reasoning = output.saturating_add(reasoning);
        let total_needs_it = self.total.is_some()
            && self.total == self.input.map(|input| input.saturating_add(with_reasoning));
        Some(if reasoning > output || total_needs_it {
            with_reasoning
        } else {
            output
        })
    }
}

/// Adds what is known; nothing known is not zero.
fn sum(counts: &[Option<u64>]) -> Option<u64> {
    counts.iter().flatten().copied().reduce(u64::saturating_add)
}

fn tokens(count: Option<u64>) -> Option<TokenCount> {
    count.map(TokenCount::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(report: &Value, input: Option<u64>, uncached: Option<u64>, output: Option<u64>) {
        let usage = Counting::OPEN_AI.read(report);
        let counts = [
            usage.input_total,
            usage.uncached_input(),
            usage.output_total,
        ];
        let counts = counts.map(|count| count.map(TokenCount::get));
        assert_eq!(counts, [input, uncached, output]);
    }

    #[test]
    fn caches_and_reasoning_are_parts_of_the_totals() {
        let report = json!({
            "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
            "completion_tokens_details": {"reasoning_tokens": 15}
        });
        check(&report, Some(100), Some(10), Some(20));
    }

    #[test]
    fn a_part_that_is_larger_than_its_whole_stands_beside_it() {
        let report = json!({
            "prompt_tokens": 10, "completion_tokens": 5,
            "prompt_tokens_details": {"cached_tokens": 60},
            "completion_tokens_details": {"reasoning_tokens": 15}
        });
        check(&report, Some(70), Some(10), Some(20));
    }

    #[test]
    fn the_total_tells_on_which_side_the_reasoning_stands() {
        let report = |total: u64| {
            json!({
                "prompt_tokens": 32, "completion_tokens": 100, "total_tokens": total,
                "completion_tokens_details": {"reasoning_tokens": 94}
            })
        };
        check(&report(132), Some(32), Some(32), Some(100));
        check(&report(226), Some(32), Some(32), Some(194));
    }

    #[test]
    fn what_is_no_count_is_unknown_and_never_zero() {
        check(
            &json!({"prompt_tokens": -1, "completion_tokens": "many"}),
            None,
            None,
            None,
        );
        check(
            &json!({"prompt_tokens": 1.5, "completion_tokens": 0}),
            None,
            None,
            Some(0),
        );
        let cached = json!({"prompt_tokens_details": {"cached_tokens": 60}});
        check(&cached, None, None, None);
    }

    #[test]
    fn a_later_report_replaces_what_it_names() {
        let mut reported = Reported::default();
        let mut hear = |report: Value| reported.hear(&Counting::OPEN_AI, &report);
        hear(json!({"prompt_tokens": 10, "completion_tokens": 1}));
        let usage = hear(json!({"completion_tokens": 7, "prompt_tokens": null}));
        assert_eq!(usage.input_total, Some(TokenCount::new(10)));
        assert_eq!(usage.output_total, Some(TokenCount::new(7)));
    }

    proptest! {
        #[test]
        fn no_part_is_ever_larger_than_its_whole(
            counts in proptest::array::uniform6(proptest::option::of(0_u64..5_000)),
            total in proptest::option::of(0_u64..20_000),
        ) {
            let [prompt, completion, cached, written, reasoning, hit] = counts;
            let report = json!({
                "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": total,
                "prompt_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
                "completion_tokens_details": {"reasoning_tokens": reasoning},
                "prompt_cache_hit_tokens": hit,
            });
            let usage = Counting::OPEN_AI.read(&report);
            // A prompt of no tokens is one that was not counted.
            prop_assert!(prompt.is_some() || usage.input_total.is_none());
            prop_assert!(usage.input_total.is_some() || prompt.unwrap_or(0) == 0);
            prop_assert_eq!(usage.output_total.is_some(), completion.is_some());
            if let Some(all) = usage.input_total {
                let cached = usage.cache_read.unwrap_or_default()
                    + usage.cache_write_5m.unwrap_or_default();
                prop_assert!(cached <= all);
                prop_assert!(Some(all) >= prompt.map(TokenCount::new));
            }
            if let Some(all) = usage.output_total {
                prop_assert!(usage.reasoning.unwrap_or_default() <= all);
            }
        }
    }
}
