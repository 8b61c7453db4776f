//! Finds every unknown key of a layer, before the layer is read: serde would stop at the first.

use std::fmt;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::domain::edit_distance;

/// Something wrong in the configuration, with its place and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// The file, variable or editor option it stands in.
    pub place: String,
    /// 1-based line, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.place)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// Checks the keys of a TOML text against the schema of the options; returns all complaints.
#[must_use]
pub fn unknown_keys(place: &str, text: &str, schema: &Value) -> Vec<Complaint> {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            return vec![Complaint {
                place: place.to_owned(),
                line: error.span().map(|span| line_of(text, span.start)),
                message: format!("not TOML: {}", error.message()),
                hint: None,
            }];
        }
    };
    let mut complaints = Vec::new();
    let walk = Walk {
        place,
        text,
        root: schema,
    };
    walk.table(table.get_ref(), schema, "", &mut complaints);
    complaints.sort_by_key(|complaint| complaint.line);
    complaints
}

struct Walk<'a> {
    place: &'a str,
    text: &'a str,
    root: &'a Value,
}

impl Walk<'_> {
    fn table(
        &self,
        table: &DeTable<'_>,
        schema: &Value,
        path: &str,
        complaints: &mut Vec<Complaint>,
    ) {
        let Some(properties) = self.properties(schema) else {
            return;
        };
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let path = if path.is_empty() {
                name.to_owned()
            } else {
                format!("{path}.{name}")
            };
            match properties.get(name) {
                Some(schema) => self.value(value, schema, &path, complaints),
                None => complaints.push(Complaint {
                    place: self.place.to_owned(),
                    line: Some(line_of(self.text, key.span().start)),
                    message: format!("unknown key `{path}`"),
                    hint: nearest(name, properties.keys().map(String::as_str))
                        .map(|known| format!("did you mean `{known}`?"))
                        .or_else(|| Some("see the README's configuration table".to_owned())),
                }),
            }
        }
    }

    fn value(
        &self,
        value: &Spanned<DeValue<'_>>,
        schema: &Value,
        path: &str,
        into: &mut Vec<Complaint>,
    ) {
        match value.get_ref() {
            DeValue::Table(table) => self.table(table, schema, path, into),
            DeValue::Array(items) => {
                let Some(item_schema) = self.resolve(schema).get("items") else {
                    return;
                };
                for (number, item) in items.iter().enumerate() {
                    self.value(item, item_schema, &format!("{path}[{number}]"), into);
                }
            }
            _ => {}
        }
    }

    /// Returns the keys a table may have here; `None` where any key will do.
    fn properties<'s>(&'s self, schema: &'s Value) -> Option<&'s serde_json::Map<String, Value>> {
        let schema = self.resolve(schema);
        if let Some(properties) = schema.get("properties") {
            return properties.as_object();
        }
        let alternatives = schema
            .get("anyOf")
            .or_else(|| schema.get("oneOf"))?
            .as_array()?;
        alternatives
            .iter()
            .find_map(|alternative| self.properties(alternative))
    }

    fn resolve<'s>(&'s self, schema: &'s Value) -> &'s Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.root.pointer(reference.strip_prefix('#')?))
            .unwrap_or(schema)
    }
}

/// Returns the known name nearest to `name`, if one is near enough to be meant.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let limit = (name.chars().count() / 3).max(2);
    known
        .into_iter()
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

pub(super) fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes()[..byte.min(text.len())]
        .iter()
        .filter(|b| **b == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::super::Options;
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let schema =
            serde_json::to_value(schemars::schema_for!(Options)).expect("a schema is JSON");
        let found: Vec<String> = unknown_keys("c.toml", text, &schema)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn every_unknown_key_is_named_at_once_with_the_nearest_known_one() {
        check(
            "[margn]\ntarget = 0.8\n[[models]]\nid = \"a\"\nbase_ulr = \"x\"\n",
            &[
                "c.toml:1: unknown key `margn` (did you mean `margin`?)",
                "c.toml:5: unknown key `models[0].base_ulr` (did you mean `base_url`?)",
            ],
        );
    }

    #[test]
    fn keys_of_inline_tables_are_checked_too() {
        check(
            "[[models]]\nprice = { inputt = \"1\", output = \"2\" }\napi_key = { evn = \"K\" }\n",
            &[
                "c.toml:2: unknown key `models[0].price.inputt` (did you mean `input`?)",
                "c.toml:3: unknown key `models[0].api_key.evn` (did you mean `env`?)",
            ],
        );
    }

    #[test]
    fn text_that_is_not_toml_is_one_complaint_with_its_line() {
        let schema = Value::Null;
        let complaints = unknown_keys("c.toml", "a = 1\nb = = 2\n", &schema);
        assert_eq!((complaints.len(), complaints[0].line), (1, Some(2)));
    }

    #[test]
    fn known_keys_are_no_complaint() {
        check(
            "[routing]\npin = \"x\"\n[privacy]\nregions = [\"eu\"]\n",
            &[],
        );
    }
}
