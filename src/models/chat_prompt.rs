//! A fill-in-the-middle prompt as a chat: an instruction, other files, and this file with a mark.
//!
//! What changes least comes first, as everywhere: the instruction never changes, other files stay
//! for a burst of typing, and the file ends with what was typed last.

use crate::domain::{ModelSpec, Prompt};

use super::middle::Middle;
use super::plain_prompt::{with_head, with_heads};

/// A prompt in the words that a chat model is asked with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct ChatPrompt {
    /// What is wanted; the same for every prompt, unless a file holds the mark itself.
    pub(super) instruction: String,
    /// Other files, each under its path; `None` when there are none.
    pub(super) others: Option<String>,
    /// The file with the mark at the cursor.
    pub(super) file: String,
    mark: String,
}

impl ChatPrompt {
    pub(super) fn of(prompt: &Prompt) -> Self {
        let mark = mark_for(prompt);
        let others = (!prompt.snippets.is_empty()).then(|| with_heads(&prompt.snippets));
        let before_and_after = [&prompt.prefix, mark.as_str(), &prompt.suffix].concat();
        let mut file = with_head(&prompt.path, &before_and_after);
        if prompt.single_line {
            // At the end, since it changes from key to key.
            file += &format!("\n\nThe text in place of {mark} ends with its line.");
        }
        Self {
            instruction: instruction(&mark),
            others,
            file,
            mark,
        }
    }

    /// Returns everything but the instruction as one text.
    pub(super) fn text(&self) -> String {
        match &self.others {
            Some(others) => [others, self.file.as_str()].concat(),
            None => self.file.clone(),
        }
    }

    /// Makes the ear that finds the middle in the answer.
    pub(super) fn middle(&self, prompt: &Prompt) -> Middle {
        Middle::of(prompt, &self.mark)
    }
}

/// Returns how many tokens an answer may have: of a model that `reasons`, the most that it may ever
/// have, since its thoughts are counted in it.
pub(super) fn output_limit(prompt: &Prompt, spec: &ModelSpec, reasons: bool) -> u32 {
    if reasons {
        spec.max_output_tokens
    } else {
        prompt.max_output_tokens.min(spec.max_output_tokens)
    }
}

fn instruction(mark: &str) -> String {
    format!(
        "You complete code in an editor. The last file that you are shown has {mark} where the \
         cursor is. Answer with the text that belongs in place of {mark} and with nothing else: no \
         explanation, no Markdown fence, and nothing of the text before or after it again. Begin \
         with the very next character, even if that is a space or the rest of a word, and keep the \
         indentation and the style of the file. Complete the line or the block at the cursor, not \
         more. If nothing belongs there, answer with nothing."
    )
}

/// Returns a mark that the prompt itself does not hold.
fn mark_for(prompt: &Prompt) -> String {
    let is_free = |mark: &String| {
        let texts = prompt.snippets.iter().map(|snippet| &snippet.text);
        let mut texts = texts.chain([&prompt.prefix, &prompt.suffix]);
        !texts.any(|text| text.contains(mark.as_str()))
    };
    std::iter::once("{{CURSOR}}".to_owned())
        .chain((2_u32..).map(|number| format!("{{{{CURSOR_{number}}}}}")))
        .find(is_free)
        .expect("a text of finite length does not hold every number")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::tests::prompt;

    #[test]
    fn what_changes_least_comes_first() {
        let chat = ChatPrompt::of(&prompt());
        insta::assert_snapshot!(format!("{}\n=====\n{}", chat.instruction, chat.text()));
    }

    #[test]
    fn typing_changes_nothing_before_the_cursor() {
        let typed = Prompt {
            prefix: prompt().prefix + "area(",
            ..prompt()
        };
        let (before, after) = (ChatPrompt::of(&prompt()), ChatPrompt::of(&typed));
        assert_eq!(before.instruction, after.instruction);
        assert_eq!(before.others, after.others);
        let cursor = before.file.find("{{CURSOR}}").expect("the mark");
        assert_eq!(before.file[..cursor], after.file[..cursor]);
    }

    #[test]
    fn a_file_that_holds_the_mark_gets_another_one() {
        let template = Prompt {
            suffix: "{{CURSOR}} {{CURSOR_2}}".to_owned(),
            ..prompt()
        };
        let chat = ChatPrompt::of(&template);
        assert_eq!(chat.mark, "{{CURSOR_3}}");
        assert!(chat.instruction.contains("{{CURSOR_3}}"));
        assert_eq!(
            chat.file.matches("{{CURSOR_3}}").count(),
            2,
            "{}",
            chat.file
        );
    }
}
