//! Row j: whether the text before the cursor reaches the model as it stands, whatever it is made of.

use std::time::Duration;

use mantle_ls::cli::lsp_client::LspError;
use mantle_ls::cli::lsp_client::wire::Position;

use crate::Bench;
use crate::fake_model::{Delivery, Script};
use crate::server::{Server, Setting, answer};
use crate::table::{Calls, Tables};

/// Lines whose characters take one to four bytes and one or two code units of UTF-16. None is
/// invisible, such as a zero-width joiner: those are taken out of prompts on purpose.
const LINES: [&str; 7] = [
    "let plain = total(",
    "let café = prix_à_payer(",
    "let größe = \"Maß\".len() + (",
    "let 価格 = 合計.計算(",
    "let smile = \"😀\".repeat(",
    "let flags = \"🇪🇺 👍🏽\".chars(",
    "let mixed = \"a😀é漢𝒳e\u{301}\".find(",
];
/// Put at the start of each line, where it moves every column behind it.
const EDIT: &str = "/*é😀*/ ";

/// Counts right prefixes for clients that count columns in either encoding.
pub async fn measure(bench: &Bench, tables: &mut Tables) -> Result<(), LspError> {
    for encoding in ["utf-16", "utf-8"] {
        let (right, of) = right_prefixes(bench, encoding).await?;
        tables.calls(Calls {
            what: format!("j. multi-byte text, a client that counts in {encoding}"),
            right: format!("{right} of {of}"),
            target: format!("{of} of {of}"),
            ..Calls::default()
        });
        if right != of {
            tables.failed(
                "j",
                &format!("{encoding}: {right} of {of} prefixes were right"),
            );
        }
    }
    Ok(())
}

async fn right_prefixes(bench: &Bench, encoding: &str) -> Result<(usize, usize), LspError> {
    let port = bench.model.port();
    let server = Server::start(&bench.binary, Setting::Pinned, port, &[], Some(encoding)).await?;
    let mut lines: Vec<String> = LINES.iter().map(|line| format!("    {line}")).collect();
    let mut document = server.open("letters.rs", &lines.join("\n")).await?;
    let text = lines.join("\n").into();
    bench.model.play(Script {
        hold: Duration::ZERO,
        delivery: Delivery::AtTheEnd,
        text,
    });
    let columns = |text: &str| {
        let columns = match encoding {
            "utf-8" => text.len(),
            _ => text.encode_utf16().count(),
        };
        u32::try_from(columns).unwrap_or(u32::MAX)
    };
    let mut right = 0;
    for edited in [false, true] {
        for n in 0..lines.len() {
            let line = u32::try_from(n).unwrap_or(u32::MAX);
            if edited {
                let start = Position { line, character: 0 };
                document.type_at(start, EDIT).await?;
                lines[n].insert_str(0, EDIT);
            }
            let at = Position {
                line,
                character: columns(&lines[n]),
            };
            let mark = bench.model.mark();
            answer(document.ask(at).await?).await?;
            let before = lines[..=n].join("\n");
            let calls = bench.model.since(mark);
            let is_right = matches!(&calls[..], [call] if call.prompt.ends_with(&before));
            if !is_right {
                eprintln!("{encoding}: expected {before:?}, got {calls:?}");
            }
            right += usize::from(is_right);
        }
    }
    drop(document);
    server.stop().await?;
    Ok((right, 2 * LINES.len()))
}
