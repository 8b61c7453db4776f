//! `mantle prices import`: compares first, writes last, and says what was left out and why.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, bail};
use serde_json::json;

use super::{ImportArgs, disagreements, every, layout, print_json, text_of};
use crate::domain::Timestamp;
use crate::prices::{Change, Difference, Import, Prices, Selection, differences, import as read};

pub(super) fn run(
    args: &ImportArgs,
    book: &Prices,
    own_path: &Path,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<ExitCode> {
    let selection = Selection {
        all: args.all,
        keys: args.key.clone(),
        free: args.free,
    };
    let text = text_of(&args.file)?;
    let import = read(&text, args.format, &selection, book)
        .with_context(|| args.file.display().to_string())?;
    let mut changes = differences(book, &import.book, now);
    // What the import does not speak of stays as it is.
    changes.retain(|difference| difference.change != Change::Removed);
    let mut against = Vec::new();
    for path in &args.check {
        let other = every(path, book)?;
        against.push((
            path.as_path(),
            disagreements(&import.book, &other.book, now),
        ));
    }
    let refused = changes.iter().any(Difference::is_tenfold) && !args.force;
    let is_written = !refused && !args.dry_run && import.book.keys().next().is_some();
    if args.json {
        print_json(&as_json(&import, &changes, &against, is_written), out)?;
    } else {
        print(args, &import, &changes, &against, out)?;
    }
    if refused {
        bail!(
            "refused: a price would change tenfold or more, which is more often a wrong unit than a new price. \
             Nothing was written; look at the lines marked with !, and add --force if they are right"
        );
    }
    if !is_written {
        return Ok(ExitCode::SUCCESS);
    }
    let own = match std::fs::read_to_string(own_path) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", own_path.display()));
        }
    };
    let source = format!("{} ({})", file_name(&args.file), import.format.as_str());
    let merged = import
        .merged_into(own.as_deref(), &source, &layout::day(now))
        .with_context(|| format!("{} is left as it is", own_path.display()))?;
    replace(own_path, &merged)?;
    if !args.json {
        writeln!(out, "written: {}", own_path.display())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// Writes beside the file and renames, so that nobody ever reads half of it.
fn replace(path: &Path, text: &str) -> anyhow::Result<()> {
    let failed = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(failed)?;
    }
    let beside = path.with_extension("json.new");
    std::fs::write(&beside, text).with_context(failed)?;
    std::fs::rename(&beside, path).with_context(failed)
}

fn print(
    args: &ImportArgs,
    import: &Import,
    changes: &[Difference],
    against: &[(&Path, Vec<Difference>)],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let taken = import.book.keys().count();
    writeln!(
        out,
        "{} ({}): {taken} taken, {} of them new or changed",
        args.file.display(),
        import.format.as_str(),
        changes.len()
    )?;
    for change in changes {
        writeln!(out, "  {}", layout::difference(change))?;
    }
    for (path, found) in against {
        writeln!(out, "{} disagrees about {}", path.display(), found.len())?;
        for difference in found {
            writeln!(out, "  {}", layout::difference(difference))?;
        }
    }
    writeln!(out, "skipped: {}", import.skipped.len())?;
    for (why, keys) in by_reason(import) {
        const SHOWN: usize = 3;
        let more = match keys.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let shown = keys[..keys.len().min(SHOWN)].join(", ");
        writeln!(out, "  {}: {why} ({shown}{more})", keys.len())?;
    }
    if taken == 0 {
        writeln!(out, "nothing to write")?;
    }
    Ok(())
}

fn by_reason(import: &Import) -> Vec<(&str, Vec<&str>)> {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for skipped in &import.skipped {
        reasons.entry(&skipped.why).or_default().push(&skipped.key);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, keys)| std::cmp::Reverse(keys.len()));
    reasons
}

fn as_json(
    import: &Import,
    changes: &[Difference],
    against: &[(&Path, Vec<Difference>)],
    is_written: bool,
) -> serde_json::Value {
    let all = |found: &[Difference]| {
        found
            .iter()
            .map(layout::difference_json)
            .collect::<Vec<_>>()
    };
    let skipped = import.skipped.iter();
    let against = against.iter();
    json!({
        "version": 1,
        "format": import.format.as_str(),
        "taken": import.book.keys().collect::<Vec<_>>(),
        "changes": all(changes),
        "disagreements": against
            .map(|(path, found)| json!({ "file": path, "differences": all(found) }))
            .collect::<Vec<_>>(),
        "skipped": skipped
            .map(|one| json!({ "key": one.key, "why": one.why }))
            .collect::<Vec<_>>(),
        "written": is_written,
    })
}
