//! What stands before the dot: names of types whose members may come next.
//!
//! No types are checked here. A declaration nearby, a constructor, what a function says it returns,
//! or the name itself tells the type often enough, and a wrong guess costs a few lines of a prompt.

use std::sync::LazyLock;

use super::collect::Context;
use crate::workspace::names;

/// How much text before the cursor is searched for a declaration, in bytes.
const SEARCHED: usize = 16 * 1024;
/// Types that one declaration is taken to name.
const MOST_TYPES: usize = 3;

/// An expression whose member is being typed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Receiver {
    /// The last name of it.
    pub name: String,
    /// Whether that is called.
    pub is_call: bool,
}

/// Returns the expression before the cursor, if its member is being typed.
pub(super) fn receiver(context: &Context) -> Option<Receiver> {
    let line = context.line_prefix.trim_end_matches(is_part);
    let before = ["?.", ".", "::", "->", "!."]
        .iter()
        .find_map(|link| line.strip_suffix(link))?;
    let (expression, is_call) = without_brackets(before.trim_end_matches(['?', '!']).trim_end());
    let start = expression
        .char_indices()
        .rev()
        .take_while(|(_, c)| is_part(*c))
        .last()?
        .0;
    Some(Receiver {
        name: expression[start..].to_owned(),
        is_call,
    })
}

/// Takes call brackets, indexes and generic arguments off the end.
fn without_brackets(expression: &str) -> (&str, bool) {
    let (mut rest, mut is_call) = (expression, false);
    loop {
        let close = rest.chars().next_back();
        let open = match close {
            Some(')') => '(',
            Some(']') => '[',
            Some('>') if !rest.ends_with("->") && !rest.ends_with("=>") => '<',
            _ => return (rest, is_call),
        };
        let mut depth = 0;
        let start = rest.char_indices().rev().find(|&(_, c)| {
            depth += i32::from(Some(c) == close) - i32::from(c == open);
            depth == 0
        });
        let Some((start, _)) = start else {
            return (rest, is_call);
        };
        is_call |= open == '(';
        rest = rest[..start].trim_end_matches("::");
    }
}

const fn is_word(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

fn is_part(c: char) -> bool {
    is_word(c) || c.is_alphanumeric()
}

/// Returns the names of types that the text around says a name has, the nearest first.
pub(super) fn declared_types(context: &Context, name: &str) -> Vec<String> {
    let from = context.prefix.len().saturating_sub(SEARCHED);
    let near = &context.prefix[context.prefix.ceil_char_boundary(from)..];
    let mut types = Vec::new();
    for (at, _) in near.rmatch_indices(name) {
        let (before, after) = (&near[..at], &near[at + name.len()..]);
        if before.ends_with(is_part) || after.starts_with(is_part) {
            continue;
        }
        let line = after.lines().next().unwrap_or_default();
        types.extend(types_after(line));
        // `Order order`, as C and Java declare.
        let word = before.trim_end_matches([' ', '*', '&']);
        if before.len() > word.len()
            && let Some(word) = word.rsplit(|c| !is_part(c)).next()
            && is_type(word)
        {
            types.push(word.to_owned());
        }
        types.dedup();
        if types.len() >= MOST_TYPES {
            break;
        }
    }
    types.truncate(MOST_TYPES);
    types
}

/// Returns the types that what follows a name declares for it: `: Type`, `= Type(`, `:= new Type`.
fn types_after(after: &str) -> Vec<String> {
    let after = after.trim_start();
    let after = match after.strip_prefix([':', '=']) {
        Some(rest) if !rest.starts_with(['=', ':', '>']) => rest,
        Some(rest) if after.starts_with(":=") => rest,
        _ => return Vec::new(),
    };
    // An argument's type ends with the argument, a value with its call.
    let end = after.find([',', '(', ')', ';', '{']);
    let end = end.unwrap_or(after.len());
    types_in(&after[..end])
}

/// Returns the names of a text that are written as types are.
pub(super) fn types_in(text: &str) -> Vec<String> {
    names(text)
        .filter(|name| is_type(name))
        .take(MOST_TYPES)
        .map(str::to_owned)
        .collect()
}

/// Returns what a head of a function says that it returns.
pub(super) fn returned_types(head: &str) -> Vec<String> {
    let after = head
        .rsplit_once("->")
        .or_else(|| head.rsplit_once("):"))
        .map(|(_, after)| after);
    after.map_or_else(Vec::new, types_in)
}

/// Types that hold another one, or are everywhere: their members are known to every model.
static COMMON: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut common: Vec<&str> = "Option Some None Result Ok Err Vec String Box Arc Rc Self Optional \
         List Dict Set Tuple Any Union Iterator Promise Array Map Object Error HashMap HashSet True \
         False Integer Boolean Number"
        .split_whitespace()
        .collect();
    common.sort_unstable();
    common
});

fn is_type(name: &str) -> bool {
    let is_capital = name.starts_with(char::is_uppercase);
    let has_lower = name.contains(char::is_lowercase);
    is_capital && has_lower && COMMON.binary_search(&name).is_err()
}

/// Returns the type that a name is likely of: `margin_report` and `marginReport` of `MarginReport`.
pub(super) fn type_like(name: &str) -> String {
    let mut capital = true;
    let mut made = String::new();
    for c in name.chars() {
        if c == '_' {
            capital = true;
        } else if std::mem::take(&mut capital) {
            made.extend(c.to_uppercase());
        } else {
            made.push(c);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::collect;
    use crate::documents::Snapshot;
    use crate::domain::{ByteOffset, DocumentUri};

    fn context(before: &str) -> Context {
        let uri = DocumentUri::new("file:///w/a.rs");
        let snapshot = Snapshot::of_text(uri, "rust", before);
        collect(&snapshot, None, ByteOffset::new(before.len()), "a.rs", &[])
    }

    #[track_caller]
    fn check(line: &str, expected: Option<(&str, bool)>) {
        let found = receiver(&context(line));
        let found = found.as_ref().map(|one| (one.name.as_str(), one.is_call));
        assert_eq!(found, expected, "{line}");
    }

    #[test]
    fn the_receiver_is_the_last_name_before_the_link() {
        check("    self.engine.", Some(("engine", false)));
        check("    self.engine.docu", Some(("engine", false)));
        check("a = store.get(a, f(b))?.", Some(("get", true)));
        check("Vec::<u8>::", Some(("Vec", false)));
        check("order->rate", Some(("order", false)));
        check("rows[i].", Some(("rows", false)));
        check("let a = b", None);
        check("(1 + 2).", None);
    }

    #[track_caller]
    fn check_declared(text: &str, name: &str, expected: &[&str]) {
        assert_eq!(declared_types(&context(text), name), expected, "{text}");
    }

    #[test]
    fn a_declaration_tells_the_type() {
        check_declared("fn f(order: &Order, b: Rate) {\n", "order", &["Order"]);
        check_declared("let order = Order::new(Rate);\n", "order", &["Order"]);
        check_declared("order := &Order{Rate: 1}\n", "order", &["Order"]);
        check_declared("const order = new Order();\n", "order", &["Order"]);
        check_declared("Order order = load();\n", "order", &["Order"]);
        check_declared(
            "let order: Option<Vec<Order>> = None;\n",
            "order",
            &["Order"],
        );
        check_declared("if order == Order { reorder: Rate }\n", "order", &[]);
    }

    #[test]
    fn a_function_tells_what_it_returns_and_a_name_what_it_is() {
        assert_eq!(
            returned_types("fn f(a: A) -> Result<Order, Failure>"),
            ["Order", "Failure"]
        );
        assert_eq!(returned_types("load(a: A): Promise<Order>"), ["Order"]);
        assert_eq!(type_like("margin_report"), "MarginReport");
        assert_eq!(type_like("marginReport"), "MarginReport");
    }
}
