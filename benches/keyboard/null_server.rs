//! The floor: a server that reads frames and, for a completion, asks the model and does nothing else.
//!
//! It is this program again, started as a child with [`PORT`] in its environment, so that pipes,
//! frames, socket and fake model cost it what they cost the real server, in the same run. It keeps
//! no text: its prompt is a filler of the size that real prompts have.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpStream;

use mantle_ls::cli::lsp_client::frame;
use serde::Deserialize;
use serde_json::{Value, json};

/// The variable that makes this program the null server; its value is the model's port.
pub const PORT: &str = "MANTLE_BENCH_NULL_SERVER";

/// Bytes of a prompt: what a model with the default context is sent.
const PROMPT_BYTES: usize = 4_096;

#[derive(Deserialize)]
struct Message {
    id: Option<i64>,
    method: Option<String>,
}

/// Serves stdin and stdout until the client hangs up.
pub fn serve(port: u16) -> io::Result<()> {
    let mut model = BufReader::new(TcpStream::connect(("127.0.0.1", port))?);
    model.get_ref().set_nodelay(true)?;
    let body = json!({
        "model": "null", "prompt": "x".repeat(PROMPT_BYTES), "stream": true,
    })
    .to_string();
    let request = format!(
        "POST /v1/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stdin = io::stdin().lock();
    let mut stdout = io::stdout().lock();
    while let Some(body) = next_frame(&mut stdin)? {
        let message: Message = serde_json::from_slice(&body)?;
        let Some(id) = message.id else { continue };
        let result = match message.method.as_deref() {
            Some("textDocument/inlineCompletion") => {
                model.get_mut().write_all(request.as_bytes())?;
                json!({"items": [{"insertText": read_answer(&mut model)?}]})
            }
            Some("initialize") => json!({"capabilities": {}}),
            _ => Value::Null,
        };
        stdout.write_all(&frame(
            &json!({"jsonrpc": "2.0", "id": id, "result": result}),
        ))?;
        stdout.flush()?;
    }
    Ok(())
}

fn next_frame(stdin: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if stdin.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim().split_once(':') {
            Some((_, value)) => length = value.trim().parse().map_err(io::Error::other)?,
            None => break,
        }
    }
    let mut body = vec![0; length];
    stdin.read_exact(&mut body)?;
    Ok(Some(body))
}

/// Reads one streamed answer to its last chunk.
fn read_answer(model: &mut impl BufRead) -> io::Result<String> {
    let mut text = String::new();
    let mut line = String::new();
    loop {
        line.clear();
        if model.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if line == "0\r\n" {
            model.read_line(&mut line)?;
            return Ok(text);
        }
        let Some(data) = line.strip_prefix("data: {") else {
            continue;
        };
        let event: Value = serde_json::from_str(&format!("{{{data}"))?;
        text.push_str(event["choices"][0]["text"].as_str().unwrap_or_default());
    }
}
