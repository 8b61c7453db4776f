//! Fill-in-the-middle templates of open-weight models, as data.
//!
//! They are needed only where a server takes a raw prompt; a route with a suffix field leaves the
//! tokens to the server. The special strings are also what `guard` removes from user code: a file
//! that holds one could otherwise move the model's cursor.
//! Source: the models' own cards and the template list of the Continue editor extension
//! (Apache-2.0), read in June 2026.

/// How one family of models wants prefix and suffix to be joined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FimTemplate {
    /// The name that `fim` takes in the configuration.
    pub family: &'static str,
    /// Stands before the first part.
    pub before: &'static str,
    /// Stands between the two parts.
    pub between: &'static str,
    /// Stands after the second part; the model continues from here.
    pub after: &'static str,
    /// Whether the suffix comes first.
    pub suffix_first: bool,
    /// Strings at which the answer ends.
    pub stop: &'static [&'static str],
}

impl FimTemplate {
    /// Returns the template of a family, or `None` when it is not known.
    #[must_use]
    pub fn of(family: &str) -> Option<&'static Self> {
        TEMPLATES.iter().find(|template| template.family == family)
    }

    /// Returns the template of the family that a model's name at its provider belongs to, such as
    /// `Qwen/Qwen2.5-Coder-7B`; `None` when the name tells none.
    #[must_use]
    pub fn for_model(name: &str) -> Option<&'static Self> {
        let name = name.to_lowercase();
        NAMES
            .iter()
            .find(|(part, _)| name.contains(part))
            .and_then(|(_, family)| Self::of(family))
    }

    /// Returns the names of all families, for messages.
    pub fn families() -> impl Iterator<Item = &'static str> {
        TEMPLATES.iter().map(|template| template.family)
    }

    /// Joins prefix and suffix into the raw prompt.
    #[must_use]
    pub fn render(&self, prefix: &str, suffix: &str) -> String {
        let (first, second) = if self.suffix_first {
            (suffix, prefix)
        } else {
            (prefix, suffix)
        };
        [self.before, first, self.between, second, self.after].concat()
    }
}

/// Returns every string that is a special token in some family.
pub fn special_tokens() -> impl Iterator<Item = &'static str> {
    TEMPLATES
        .iter()
        .flat_map(|t| t.stop.iter().copied().chain([t.before, t.between, t.after]))
        .map(str::trim)
        .filter(|token| !token.is_empty())
}

/// What models are called that want the template of a family.
const NAMES: &[(&str, &str)] = &[
    ("qwen2.5-coder", "qwen2.5-coder"),
    ("qwen3-coder", "qwen2.5-coder"),
    ("starcoder2", "starcoder2"),
    ("stable-code", "stable-code"),
    ("codellama", "codellama"),
    ("deepseek-coder", "deepseek-coder"),
    ("codestral", "codestral"),
    ("codegemma", "codegemma"),
    ("granite-4", "granite-4"),
    ("granite4", "granite-4"),
    ("codegeex4", "codegeex4"),
];

const TEMPLATES: &[FimTemplate] = &[
    FimTemplate {
        family: "qwen2.5-coder",
        before: "<|fim_prefix|>",
        between: "<|fim_suffix|>",
        after: "<|fim_middle|>",
        suffix_first: false,
        stop: &[
            "<|endoftext|>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|fim_suffix|>",
            "<|fim_pad|>",
            "<|repo_name|>",
            "<|file_sep|>",
            "<|im_start|>",
            "<|im_end|>",
        ],
    },
    FimTemplate {
        family: "starcoder2",
        before: "<fim_prefix>",
        between: "<fim_suffix>",
        after: "<fim_middle>",
        suffix_first: false,
        stop: &[
            "<fim_prefix>",
            "<fim_suffix>",
            "<fim_middle>",
            "<file_sep>",
            "<|endoftext|>",
        ],
    },
    FimTemplate {
        family: "stable-code",
        before: "<fim_prefix>",
        between: "<fim_suffix>",
        after: "<fim_middle>",
        suffix_first: false,
        stop: &[
            "<fim_prefix>",
            "<fim_suffix>",
            "<fim_middle>",
            "<file_sep>",
            "<|endoftext|>",
        ],
    },
    FimTemplate {
        // The blanks are part of the tokens.
        family: "codellama",
        before: "<PRE> ",
        between: " <SUF>",
        after: " <MID>",
        suffix_first: false,
        stop: &["<PRE>", "<SUF>", "<MID>", "<EOT>"],
    },
    FimTemplate {
        // Full-width bars U+FF5C and U+2581.
        family: "deepseek-coder",
        before: "<｜fim▁begin｜>",
        between: "<｜fim▁hole｜>",
        after: "<｜fim▁end｜>",
        suffix_first: false,
        stop: &[
            "<｜fim▁begin｜>",
            "<｜fim▁hole｜>",
            "<｜fim▁end｜>",
            "<｜end▁of▁sentence｜>",
        ],
    },
    FimTemplate {
        family: "codestral",
        before: "[SUFFIX]",
        between: "[PREFIX]",
        after: "",
        suffix_first: true,
        stop: &["[PREFIX]", "[SUFFIX]"],
    },
    FimTemplate {
        family: "codegemma",
        before: "<|fim_prefix|>",
        between: "<|fim_suffix|>",
        after: "<|fim_middle|>",
        suffix_first: false,
        stop: &[
            "<|fim_prefix|>",
            "<|fim_suffix|>",
            "<|fim_middle|>",
            "<|file_separator|>",
            "<end_of_turn>",
            "<eos>",
        ],
    },
    FimTemplate {
        family: "granite-4",
        before: "<|fim_prefix|>",
        between: "<|fim_suffix|>",
        after: "<|fim_middle|>",
        suffix_first: false,
        stop: &[
            "<|end_of_text|>",
            "<|fim_prefix|>",
            "<|fim_middle|>",
            "<|fim_suffix|>",
            "<|fim_pad|>",
        ],
    },
    FimTemplate {
        family: "codegeex4",
        before: "<|code_suffix|>",
        between: "<|code_prefix|>",
        after: "<|code_middle|>",
        suffix_first: true,
        stop: &["<|user|>", "<|assistant|>", "<|endoftext|>"],
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_suffix_first_family_puts_the_suffix_first() {
        let codestral = FimTemplate::of("codestral").expect("a known family");
        assert_eq!(codestral.render("ab", "yz"), "[SUFFIX]yz[PREFIX]ab");
    }

    #[test]
    fn a_family_is_found_by_the_name_of_a_model() {
        for (name, family) in [
            ("Qwen/Qwen2.5-Coder-7B", Some("qwen2.5-coder")),
            ("qwen3-coder:30b", Some("qwen2.5-coder")),
            ("codellama:7b-code", Some("codellama")),
            ("llama-3.1-8b", None),
        ] {
            let found = FimTemplate::for_model(name).map(|template| template.family);
            assert_eq!(found, family, "{name}");
        }
        for (_, family) in NAMES {
            assert!(FimTemplate::of(family).is_some(), "{family}");
        }
    }

    #[test]
    fn every_family_is_found_by_its_own_name() {
        for family in FimTemplate::families() {
            assert_eq!(FimTemplate::of(family).map(|t| t.family), Some(family));
        }
    }
}
