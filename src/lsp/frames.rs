//! Frames of JSON-RPC, read so that nothing a client writes can end the server.
//!
//! A frame that cannot be understood is a value like any other: the loop answers it and goes on.

use serde_json::json;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt};
use tower_lsp_server::jsonrpc::{Request, Response};

/// The longest body that is taken, in bytes: far above any document an editor sends.
const LONGEST_BODY: usize = 256 << 20;
/// The longest header line that is looked at, in bytes.
const LONGEST_HEADER: u64 = 8 << 10;

/// One frame.
#[derive(Debug)]
pub enum Frame {
    /// A request or a notification.
    Request(Request),
    /// The client's answer to a request of ours.
    Response(Response),
    /// Something else; the word says what was wrong.
    Bad(&'static str),
}

/// Reads frames from an input.
#[derive(Debug)]
pub struct FrameReader<R> {
    input: R,
    body: Vec<u8>,
}

impl<R: AsyncBufRead + Unpin> FrameReader<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            body: Vec::new(),
        }
    }

    /// Reads the next frame; `None` at the end of the input. Not to be dropped half-way.
    pub async fn next(&mut self) -> Option<Frame> {
        let length = match self.header().await? {
            Ok(length) => length,
            Err(why) => return Some(Frame::Bad(why)),
        };
        self.body.clear();
        let read = (&mut self.input)
            .take(length as u64)
            .read_to_end(&mut self.body)
            .await
            .ok()?;
        if read < length {
            return None;
        }
        let frame = parse(&self.body);
        // One huge document must not keep its size reserved for the rest of the session.
        if self.body.capacity() > 1 << 20 {
            self.body = Vec::new();
        }
        Some(frame)
    }

    /// Reads a block of header lines to the empty line after it.
    async fn header(&mut self) -> Option<Result<usize, &'static str>> {
        let mut length = None;
        let mut has_lines = false;
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut self.input)
                .take(LONGEST_HEADER)
                .read_until(b'\n', &mut line)
                .await
                .ok()?;
            if read == 0 {
                return None;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim();
            if text.is_empty() {
                // Blank lines before a header are noise, after it they end it.
                if has_lines {
                    break;
                }
                continue;
            }
            has_lines = true;
            if let Some((name, value)) = text.split_once(':')
                && name.trim().eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>().ok();
            }
        }
        Some(
            length
                .filter(|length| *length <= LONGEST_BODY)
                .ok_or("no usable Content-Length in the header"),
        )
    }
}

/// What tells a valid body from a bad one is whether it parses as one of the two messages: being a
/// JSON object is not enough.
fn parse(body: &[u8]) -> Frame {
    // The library reads any object as a request, with an empty method where there is none.
    if let Ok(request) = serde_json::from_slice::<Request>(body)
        && !request.method().is_empty()
    {
        return Frame::Request(request);
    }
    serde_json::from_slice::<Response>(body).map_or(
        Frame::Bad("the body is not a JSON-RPC message"),
        Frame::Response,
    )
}

/// Puts the header before a body.
pub fn framed(body: &[u8]) -> Vec<u8> {
    let mut frame = format!("Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    frame.extend_from_slice(body);
    frame
}

/// Returns the frame that answers a bad one: its id is not known.
pub fn parse_error(why: &str) -> Vec<u8> {
    let answer = json!({"jsonrpc": "2.0", "id": null, "error": {"code": -32700, "message": why}});
    framed(answer.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn frames(bytes: &[u8]) -> Vec<String> {
        let mut reader = FrameReader::new(bytes);
        let mut found = Vec::new();
        while let Some(frame) = reader.next().await {
            found.push(match frame {
                Frame::Request(request) => request.method().to_owned(),
                Frame::Response(_) => "response".to_owned(),
                Frame::Bad(_) => "bad".to_owned(),
            });
        }
        found
    }

    const GOOD: &[u8] = br#"{"jsonrpc":"2.0","method":"good"}"#;

    #[tokio::test]
    async fn whatever_comes_before_it_a_good_frame_is_read() {
        let good = framed(GOOD);
        let bad: [Vec<u8>; 10] = [
            framed(b"{nope"),
            framed(b"[1,2]"),
            framed(b"{\"a\":\"\xff\xfe\"}"),
            framed(b"{}"),
            framed(b"42"),
            framed(br#"{"jsonrpc":"2.0"}"#),
            framed(b""),
            framed(br#"{"jsonrpc":"2.0","id":[1],"method":"x"}"#),
            b"Content-Length: abc\r\n\r\n".to_vec(),
            b"Content-Length: 1000000000000\r\n\r\n".to_vec(),
        ];
        for frame in bad {
            let bytes = [frame.as_slice(), &good].concat();
            assert_eq!(
                frames(&bytes).await,
                ["bad", "good"],
                "{}",
                String::from_utf8_lossy(&frame)
            );
        }
    }

    #[tokio::test]
    async fn an_answer_is_told_from_a_request() {
        let answer = framed(br#"{"jsonrpc":"2.0","id":7,"result":null}"#);
        assert_eq!(frames(&answer).await, ["response"]);
    }

    #[tokio::test]
    async fn headers_may_be_many_and_in_lower_case() {
        let body = String::from_utf8_lossy(GOOD);
        let frame = format!(
            "X-A: 1\r\ncontent-length: {}\r\nX-B: 2\r\n\r\n{body}",
            GOOD.len()
        );
        assert_eq!(frames(frame.as_bytes()).await, ["good"]);
    }

    #[tokio::test]
    async fn an_input_cut_off_in_a_frame_is_its_end() {
        let whole = framed(GOOD);
        for end in 0..whole.len() {
            assert!(frames(&whole[..end]).await.is_empty(), "cut at {end}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_to_their_end(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(frames(&bytes));
        }
    }
}
