//! The client's copy of an open file, kept in step with what the server was told.

use std::time::Duration;

use serde_json::json;

use super::wire::{
    DID_ACCEPT, INLINE_COMPLETION, InlineCompletionItem, InlineCompletionList, Position, Range,
};
use super::{LspClient, LspError, Pending};

/// An open file as an editor holds it: text, version, and the changes sent so far.
///
/// Lines end with LF or CRLF; columns are UTF-16 code units as on the wire.
#[derive(Debug)]
pub struct OpenDocument {
    uri: String,
    version: i32,
    /// Every line with its line end; the last one has none.
    lines: Vec<String>,
}

impl OpenDocument {
    /// Opens `text` at the server under `uri`.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn open(
        client: &LspClient,
        uri: String,
        language_id: &str,
        text: &str,
    ) -> Result<Self, LspError> {
        let params = json!({"textDocument": {
            "uri": uri, "languageId": language_id, "version": 1, "text": text,
        }});
        client.notify("textDocument/didOpen", params).await?;
        Ok(Self {
            uri,
            version: 1,
            lines: split_lines(text),
        })
    }

    /// Returns the URI it was opened under.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Returns the version that the server was told last.
    #[must_use]
    pub const fn version(&self) -> i32 {
        self.version
    }

    /// Returns the whole text.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.concat()
    }

    /// Returns the text of a line without its line end; empty past the last line.
    #[must_use]
    pub fn line(&self, line: u32) -> &str {
        self.lines
            .get(line as usize)
            .map_or("", |line| line.trim_end_matches(['\r', '\n']))
    }

    /// Returns the place at the end of a line, before its line end.
    #[must_use]
    pub fn end_of_line(&self, line: u32) -> Position {
        Position {
            line,
            character: utf16_length(self.line(line)),
        }
    }

    /// Replaces `range` by `text`, here and at the server, as one change; returns the place behind
    /// what was put in.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn replace(
        &mut self,
        client: &LspClient,
        range: Range,
        text: &str,
    ) -> Result<Position, LspError> {
        self.version += 1;
        let params = json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": range, "text": text}],
        });
        client.notify("textDocument/didChange", params).await?;
        Ok(self.put(range, text))
    }

    fn put(&mut self, range: Range, text: &str) -> Position {
        let first = range.start.line as usize;
        let last = range.end.line as usize;
        let head = &self.lines[first][..byte_column(&self.lines[first], range.start.character)];
        let tail = &self.lines[last][byte_column(&self.lines[last], range.end.character)..];
        let before = format!("{head}{text}");
        let put_lines = split_lines(&before);
        let end = Position {
            line: range.start.line + u32::try_from(put_lines.len() - 1).unwrap_or(u32::MAX),
            character: put_lines.last().map_or(0, |line| utf16_length(line)),
        };
        let replacement = split_lines(&format!("{before}{tail}"));
        // `tail` carries the line end of its line, so the split has an empty piece behind it,
        // unless the replaced text ended the document.
        let keep = replacement.len() - usize::from(tail.ends_with('\n'));
        self.lines
            .splice(first..=last, replacement.into_iter().take(keep));
        end
    }

    /// Asks for completions at `position`, for the text as it now is.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn begin_completion(
        &self,
        client: &LspClient,
        position: Position,
    ) -> Result<Pending, LspError> {
        let params = json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "position": position,
            "context": {"triggerKind": 2},
        });
        client.begin(INLINE_COMPLETION, params).await
    }

    /// Asks for completions at `position` and waits for them.
    ///
    /// # Errors
    /// As [`Pending::answer`].
    pub async fn complete(
        &self,
        client: &LspClient,
        position: Position,
        patience: Duration,
    ) -> Result<Vec<InlineCompletionItem>, LspError> {
        let pending = self.begin_completion(client, position).await?;
        let list: Option<InlineCompletionList> = pending.answer(patience).await?;
        Ok(list.map(|list| list.items).unwrap_or_default())
    }

    /// Puts a suggestion into the text and reports the acceptance, in that order, as editors do;
    /// returns the place behind it once the server has recorded it.
    ///
    /// # Errors
    /// As [`Pending::answer`].
    pub async fn accept(
        &mut self,
        client: &LspClient,
        position: Position,
        item: &InlineCompletionItem,
        patience: Duration,
    ) -> Result<Position, LspError> {
        let range = item.range.unwrap_or(Range::at(position));
        let behind = self.replace(client, range, &item.insert_text).await?;
        let arguments: Vec<&str> = item.completion_id().into_iter().collect();
        let params = json!({"command": DID_ACCEPT, "arguments": arguments});
        let _: serde_json::Value = client
            .request("workspace/executeCommand", params, patience)
            .await?;
        Ok(behind)
    }

    /// Closes the file at the server.
    ///
    /// # Errors
    /// [`LspError::Ended`] when the server no longer reads.
    pub async fn close(self, client: &LspClient) -> Result<(), LspError> {
        let params = json!({"textDocument": {"uri": self.uri}});
        client.notify("textDocument/didClose", params).await
    }
}

/// Counts UTF-16 code units, the columns of the wire.
#[must_use]
pub fn utf16_length(text: &str) -> u32 {
    u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX)
}

/// Returns where the column `units` begins in `line`, in bytes; the end of the line if past it.
#[must_use]
pub fn byte_column(line: &str, units: u32) -> usize {
    let text = line.trim_end_matches(['\r', '\n']);
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units as usize {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

/// Splits after every LF; the last piece has none and may be empty.
fn split_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if text.is_empty() || text.ends_with('\n') {
        lines.push(String::new());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> OpenDocument {
        OpenDocument {
            uri: "file:///a.rs".to_owned(),
            version: 1,
            lines: split_lines(text),
        }
    }

    fn at(line: u32, character: u32) -> Position {
        Position { line, character }
    }

    #[track_caller]
    fn check(text: &str, from: Position, to: Position, put: &str, expected: &str) -> Position {
        let mut document = document(text);
        let end = document.put(
            Range {
                start: from,
                end: to,
            },
            put,
        );
        assert_eq!(document.text(), expected);
        assert_eq!(document.lines, split_lines(expected), "the lines are whole");
        end
    }

    #[test]
    fn a_key_goes_in_at_its_utf16_column() {
        let end = check("x\na 😀b\n", at(1, 4), at(1, 4), "é", "x\na 😀éb\n");
        assert_eq!(end, at(1, 5));
    }

    #[test]
    fn several_lines_can_replace_one() {
        let end = check("a\nb\nc", at(1, 0), at(1, 1), "1\n22", "a\n1\n22\nc");
        assert_eq!(end, at(2, 2));
    }

    #[test]
    fn one_line_can_replace_several() {
        check("a\nbb\nc\n", at(0, 1), at(2, 0), "", "ac\n");
    }

    #[test]
    fn the_last_line_can_grow_a_line_end() {
        check("a", at(0, 1), at(0, 1), "\n", "a\n");
    }

    #[test]
    fn a_carriage_return_stays_behind_the_cursor() {
        check("a\r\nb\r\n", at(0, 9), at(0, 9), "!", "a!\r\nb\r\n");
    }
}
