//! Tables of outcomes from files: CSV of what models did, JSON lines of what is known before.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context, bail};
use serde_json::Value;

use crate::domain::fnv1a;
use crate::routing::eval::{RawCell, RawInstance, RawTable};

/// Names under which the four columns are found, the documented one first.
const INSTANCE: &[&str] = &["instance_id", "instance", "task_id", "question_id", "id"];
const MODEL: &[&str] = &["model", "model_id", "model_name"];
const SCORE: &[&str] = &["score", "reward", "quality", "correct", "passed"];
const COST: &[&str] = &["cost_usd", "cost"];

/// A longer text is content, not a kind.
const LONGEST_KIND: usize = 40;

/// Reads one table.
///
/// # Errors
/// When a file cannot be read, or says what no table says; with its line.
pub fn table(outcomes: &Path, instances: &Path) -> anyhow::Result<RawTable> {
    let open = |path: &Path| {
        File::open(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let mut table =
        read_outcomes(open(outcomes)?).with_context(|| outcomes.display().to_string())?;
    table.instances =
        read_instances(open(instances)?).with_context(|| instances.display().to_string())?;
    Ok(table)
}

fn read_outcomes(input: impl std::io::Read) -> anyhow::Result<RawTable> {
    let mut reader = csv::ReaderBuilder::new()
        .trim(csv::Trim::All)
        .from_reader(input);
    let header = reader.headers().context("the header")?.clone();
    let names: Vec<String> = header
        .iter()
        .map(|name| name.trim_start_matches('\u{feff}').to_owned())
        .collect();
    let column = |known: &[&str]| {
        let found = known
            .iter()
            .find_map(|known| names.iter().position(|name| name == known));
        found.with_context(|| {
            format!(
                "there is no column `{}`; the header has {}",
                known[0],
                names.join(", ")
            )
        })
    };
    let (instance, model) = (column(INSTANCE)?, column(MODEL)?);
    let (score, cost) = (column(SCORE)?, column(COST)?);
    let required = [instance, model, score, cost];
    // A second name of the score would tell what must not be known.
    let is_other = |at: usize| !required.contains(&at) && !SCORE.contains(&names[at].as_str());
    let others: Vec<usize> = (0..names.len()).filter(|&at| is_other(at)).collect();
    let mut table = RawTable {
        columns: names.clone(),
        ..RawTable::default()
    };
    for record in reader.records() {
        let record = record?;
        let line = record.position().map_or(0, csv::Position::line);
        let field = |at: usize| record.get(at).unwrap_or_default();
        let number = |at: usize, most: f64| -> anyhow::Result<Option<f64>> {
            let text = field(at);
            let Some(value) = number(text) else {
                if is_absent(text) {
                    return Ok(None);
                }
                bail!("line {line}: `{}` is `{text}`, not a number", names[at]);
            };
            if !(0.0..=most).contains(&value) {
                bail!(
                    "line {line}: `{}` is {value}; it is from 0 to {most}",
                    names[at]
                );
            }
            Ok(Some(value))
        };
        if field(instance).is_empty() || field(model).is_empty() {
            bail!("line {line}: instance and model must be named");
        }
        // Without a score or a cost the model counts as not run on this instance.
        let (Some(score), Some(cost_usd)) = (number(score, 1.0)?, number(cost, f64::MAX)?) else {
            continue;
        };
        let (mut numbers, mut kinds) = (Vec::new(), Vec::new());
        for &at in &others {
            let text = field(at);
            match self::number(text) {
                Some(value) => numbers.push((at, value)),
                None if is_absent(text) || text.chars().count() > LONGEST_KIND => {}
                None => kinds.push((at, text.to_owned())),
            }
        }
        table.cells.push(RawCell {
            instance: field(instance).to_owned(),
            model: field(model).to_owned(),
            score,
            cost_usd,
            numbers,
            kinds,
        });
    }
    if table.cells.is_empty() {
        bail!("there is no row with a score and a cost");
    }
    Ok(table)
}

fn number(text: &str) -> Option<f64> {
    match text {
        "true" | "True" | "TRUE" => Some(1.0),
        "false" | "False" | "FALSE" => Some(0.0),
        _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
    }
}

fn is_absent(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    matches!(text.as_str(), "" | "na" | "n/a" | "nan" | "null" | "none")
}

fn read_instances(input: impl std::io::Read) -> anyhow::Result<Vec<RawInstance>> {
    let mut instances: Vec<RawInstance> = Vec::new();
    let mut index: HashMap<String, usize> = HashMap::new();
    for (number, line) in BufReader::new(input).lines().enumerate() {
        let line = line.with_context(|| format!("line {}", number + 1))?;
        if line.trim().is_empty() {
            continue;
        }
        let object = match serde_json::from_str(&line) {
            Ok(Value::Object(object)) => object,
            Ok(_) => bail!("line {}: it is not an object", number + 1),
            Err(error) => bail!("line {}: {error}", number + 1),
        };
        let id = INSTANCE.iter().find_map(|name| match object.get(*name) {
            Some(Value::String(id)) => Some((*name, id.clone())),
            Some(Value::Number(id)) => Some((*name, id.to_string())),
            _ => None,
        });
        let Some((name, id)) = id else {
            bail!("line {}: there is no `{}`", number + 1, INSTANCE[0]);
        };
        let mut instance = RawInstance {
            id: id.trim().to_owned(),
            ..RawInstance::default()
        };
        for (key, value) in object.iter().filter(|(key, _)| *key != name) {
            take(&mut instance, key, value);
        }
        match index.get(&instance.id) {
            Some(&known) => instances[known] = instance,
            None => {
                index.insert(instance.id.clone(), instances.len());
                instances.push(instance);
            }
        }
    }
    Ok(instances)
}

/// Takes what is known under a key: numbers, kinds, and bags of words.
fn take(instance: &mut RawInstance, key: &str, value: &Value) {
    match value {
        Value::Null => {}
        Value::Bool(is) => {
            instance
                .numbers
                .push((key.to_owned(), f64::from(u8::from(*is))));
        }
        Value::Number(number) => {
            if let Some(number) = number.as_f64() {
                instance.numbers.push((key.to_owned(), number));
            }
        }
        Value::String(text) => {
            if text.chars().count() <= LONGEST_KIND {
                instance.kinds.push((key.to_owned(), text.clone()));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                match item {
                    Value::String(word) => instance.words.push((hash(key, word), 1.0)),
                    item => take(instance, &format!("{key}.{at}"), item),
                }
            }
        }
        Value::Object(object) if object.values().all(Value::is_number) => {
            let words = object
                .iter()
                .filter_map(|(word, count)| Some((hash(key, word), count.as_f64()? as f32)));
            instance.words.extend(words);
        }
        Value::Object(object) => {
            for (inner, value) in object {
                take(instance, &format!("{key}.{inner}"), value);
            }
        }
    }
}

fn hash(key: &str, word: &str) -> u64 {
    fnv1a(format!("{key}={word}").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "instance_id,model,score,cost_usd,agree,kind\n";

    fn outcomes(rows: &str) -> anyhow::Result<RawTable> {
        read_outcomes(format!("{HEADER}{rows}").as_bytes())
    }

    #[track_caller]
    fn check_refused(text: &str, word: &str) {
        let error = read_outcomes(text.as_bytes()).expect_err("it is refused");
        let said = format!("{error:#}");
        assert!(said.contains(word), "{said}");
    }

    #[test]
    fn a_row_has_its_score_its_cost_and_what_else_is_there() {
        let table = outcomes("a,m,0.5,0.002,0.9,open\na,n,1,0.1,,\n").expect("a table");
        let cell = &table.cells[0];
        assert_eq!((cell.score, cell.cost_usd), (0.5, 0.002));
        assert_eq!(cell.numbers, [(4, 0.9)]);
        assert_eq!(cell.kinds, [(5, "open".to_owned())]);
        assert!(table.cells[1].numbers.is_empty());
    }

    #[test]
    fn a_cell_without_score_or_cost_was_not_run() {
        let table = outcomes("a,m,,0.1,,\na,n,NaN,0.1,,\nb,m,1,,,\nb,n,true,0,,\n");
        let cells = table.expect("a table").cells;
        assert_eq!(cells.len(), 1);
        assert_eq!(cells[0].score, 1.0);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        check_refused(
            &format!("{HEADER}a,m,1.5,0.1,,\n"),
            "line 2: `score` is 1.5",
        );
        check_refused(
            &format!("{HEADER}a,m,1,-0.1,,\n"),
            "line 2: `cost_usd` is -0.1",
        );
        check_refused(&format!("{HEADER}a,m,good,0.1,,\n"), "not a number");
        check_refused(&format!("{HEADER},m,1,0.1,,\n"), "must be named");
        check_refused("instance_id,model,score\n", "no column `cost_usd`");
        check_refused(HEADER, "no row");
        check_refused(&format!("{HEADER}a,m,1\n"), "fields");
    }

    #[test]
    fn a_second_name_of_the_score_is_no_signal() {
        let text = "id,model,score,passed,cost\na,m,1,1,0.1\n";
        let table = read_outcomes(text.as_bytes()).expect("a table");
        assert!(table.cells[0].numbers.is_empty());
    }

    #[test]
    fn instances_are_numbers_kinds_and_words() {
        let text = "\n{\"instance_id\":7,\"lines\":3,\"ok\":true,\"language\":\"rust\",\
                    \"hashed\":{\"12\":2},\"tags\":[\"a\",\"b\"],\"vector\":[0.5,1],\
                    \"deep\":{\"x\":{\"y\":4}},\"none\":null}\n";
        let instances = read_instances(text.as_bytes()).expect("instances");
        let instance = &instances[0];
        assert_eq!(instance.id, "7");
        let names: Vec<&str> = instance
            .numbers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["lines", "ok", "vector.0", "vector.1"]);
        assert_eq!(instance.kinds, [("language".to_owned(), "rust".to_owned())]);
        assert_eq!(instance.words.len(), 4, "{:?}", instance.words);
    }

    #[test]
    fn a_line_that_is_no_instance_is_named() {
        for (text, word) in [
            ("{\"lines\":3}", "line 1: there is no `instance_id`"),
            ("{}\n", "line 1"),
            ("[1]", "line 1: it is not an object"),
            ("{\"id\":\"a\"}\n{\"id\"", "line 2"),
        ] {
            let error = read_instances(text.as_bytes()).expect_err("it is refused");
            assert!(format!("{error:#}").contains(word), "{error:#}");
        }
    }
}
