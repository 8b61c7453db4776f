//! Which files and lines are typed: chosen by a seed, from real source files, without a preference
//! for lines that are easy to suggest.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use crate::domain::Dice;

/// Files above this are generated more often than written.
const LARGEST_FILE: u64 = 400_000;
/// Lines above this are data or minified code.
const LONGEST_LINE: usize = 160;
/// A shorter line says little about suggestions: most of it is the indentation and a bracket.
const SHORTEST_LINE: usize = 12;
/// Enough to choose from; a larger tree is not walked to its end.
const MOST_CANDIDATES: usize = 20_000;

/// How much to choose, and by which seed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub seed: u64,
    pub files: usize,
    pub lines: usize,
}

/// A file to type in.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PickedFile {
    /// Relative to the root of the session.
    pub path: PathBuf,
    /// As the protocol names it.
    pub language: &'static str,
    pub text: String,
    /// In the order of the file.
    pub lines: Vec<PickedLine>,
}

/// A line to type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PickedLine {
    /// From 0.
    pub number: u32,
    /// What is typed: the line from its first to its last character that is not blank.
    pub text: String,
}

impl PickedFile {
    /// Returns the text of the file with only the indentation left of each picked line.
    pub(super) fn without_lines(&self) -> String {
        let mut picked = self.lines.iter().peekable();
        let mut text = String::with_capacity(self.text.len());
        for (number, line) in self.text.split_inclusive('\n').enumerate() {
            if picked
                .next_if(|line| line.number as usize == number)
                .is_none()
            {
                text.push_str(line);
                continue;
            }
            let content = line.trim_end_matches(['\r', '\n']);
            let indentation = content.len() - content.trim_start().len();
            text.push_str(&content[..indentation]);
            text.push_str(&line[content.len()..]);
        }
        text
    }
}

/// Returns the folder that the language server works in for `path`.
pub(super) fn root_of(path: &Path) -> &Path {
    if path.is_file() {
        path.parent().unwrap_or(path)
    } else {
        path
    }
}

/// Chooses files under `path` and lines in them: as many languages as there are, in turns, and
/// within a language every file and line with the same chance.
///
/// Reads files; a file that cannot be read, is not UTF-8, or has no fitting line is passed over.
pub(super) fn pick(path: &Path, pick: Pick) -> Vec<PickedFile> {
    let root = root_of(path);
    let mut dice = Dice::new(pick.seed);
    let mut languages: Vec<(&'static str, Vec<PathBuf>)> = candidates(path).into_iter().collect();
    // The most used languages first; a stable sort keeps the names' order among equals.
    languages.sort_by_key(|(_, paths)| std::cmp::Reverse(paths.len()));
    for (_, paths) in &mut languages {
        dice.shuffle(paths);
    }
    let mut files = Vec::new();
    while files.len() < pick.files && !languages.is_empty() {
        for (language, paths) in &mut languages {
            if files.len() == pick.files {
                break;
            }
            // Up to the next file of this language that has lines to type.
            while let Some(path) = paths.pop() {
                if let Some(file) = read(root, &path, language, pick.lines, &mut dice) {
                    files.push(file);
                    break;
                }
            }
        }
        languages.retain(|(_, paths)| !paths.is_empty());
    }
    files
}

fn candidates(path: &Path) -> BTreeMap<&'static str, Vec<PathBuf>> {
    let mut by_language: BTreeMap<&'static str, Vec<PathBuf>> = BTreeMap::new();
    let walk = WalkBuilder::new(path)
        .require_git(false)
        .max_filesize(Some(LARGEST_FILE))
        .sort_by_file_path(Path::cmp)
        .build();
    let files = walk
        .flatten()
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| Some((language_of(entry.path())?, entry.into_path())))
        .take(MOST_CANDIDATES);
    for (language, path) in files {
        by_language.entry(language).or_default().push(path);
    }
    by_language
}

fn read(
    root: &Path,
    path: &Path,
    language: &'static str,
    most: usize,
    dice: &mut Dice,
) -> Option<PickedFile> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let mut lines = fitting_lines(&text);
    dice.shuffle(&mut lines);
    lines.truncate(most);
    lines.sort_by_key(|line| line.number);
    let file = PickedFile {
        path: path.strip_prefix(root).unwrap_or(path).to_owned(),
        language,
        text,
        lines,
    };
    (!file.lines.is_empty()).then_some(file)
}

/// Returns the lines that a person would call a line of code.
fn fitting_lines(text: &str) -> Vec<PickedLine> {
    // A lone carriage return ends a line on the wire and not here: such a file is left alone.
    let lone_return = text.replace("\r\n", "\n").contains('\r');
    if lone_return {
        return Vec::new();
    }
    let numbered = text.lines().zip(0..);
    let fitting = numbered.filter(|(line, _)| {
        let content = line.trim();
        let length = content.chars().count();
        length > SHORTEST_LINE
            && line.chars().count() <= LONGEST_LINE
            && content.chars().any(char::is_alphanumeric)
            && !content.chars().any(|c| c.is_control() && c != '\t')
    });
    fitting
        .map(|(line, number)| PickedLine {
            number,
            text: line.trim().to_owned(),
        })
        .collect()
}

fn language_of(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "c" => "c",
        "cc" | "cpp" | "cxx" | "h" | "hh" | "hpp" => "cpp",
        "go" => "go",
        "java" => "java",
        "js" | "mjs" | "cjs" => "javascript",
        "jsx" => "javascriptreact",
        "lua" => "lua",
        "py" => "python",
        "rb" => "ruby",
        "rs" => "rust",
        "sh" => "shellscript",
        "ts" | "mts" | "cts" => "typescript",
        "tsx" => "typescriptreact",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: u32, text: &str) -> PickedLine {
        PickedLine {
            number,
            text: text.to_owned(),
        }
    }

    fn workspace(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
            fs::write(path, text).expect("a file");
        }
        folder
    }

    fn names(files: &[PickedFile]) -> Vec<&str> {
        files
            .iter()
            .map(|file| file.path.to_str().expect("UTF-8"))
            .collect()
    }

    const ONE_LINE: &str = "let total = prices.iter().sum();\n";

    #[test]
    fn blank_lines_brackets_and_short_lines_are_not_typed() {
        let text = "fn main() {\n\n    let total = sum(1, 2);\n    ok();\n}))))))))))))))]\n";
        assert_eq!(fitting_lines(text), [line(2, "let total = sum(1, 2);")]);
    }

    #[test]
    fn a_picked_line_leaves_its_indentation_and_its_line_end() {
        let file = PickedFile {
            path: "a.rs".into(),
            language: "rust",
            text: "a\r\n\tlet total = 1;  \r\nb\r\nlast line here".to_owned(),
            lines: vec![line(1, "let total = 1;"), line(3, "last line here")],
        };
        assert_eq!(file.without_lines(), "a\r\n\t\r\nb\r\n");
    }

    #[test]
    fn the_same_seed_picks_the_same_lines_and_another_seed_others() {
        let text: String = (0..60)
            .map(|n| format!("let value_{n} = compute({n});\n"))
            .collect();
        let folder = workspace(&[("a.rs", &text), ("b.rs", &text), ("c.rs", &text)]);
        let with = |seed| {
            let wish = Pick {
                seed,
                files: 2,
                lines: 4,
            };
            pick(folder.path(), wish)
        };
        assert_eq!(with(7), with(7));
        assert_ne!(with(7), with(8));
        assert_eq!(with(7).len(), 2);
        assert!(with(7).iter().all(|file| file.lines.len() == 4));
    }

    #[test]
    fn languages_take_turns_so_that_a_rare_one_is_seen() {
        let folder = workspace(&[
            ("a.rs", ONE_LINE),
            ("b.rs", ONE_LINE),
            ("c.rs", ONE_LINE),
            ("tool.py", "total = sum(prices)\n"),
        ]);
        let wish = Pick {
            seed: 1,
            files: 2,
            lines: 1,
        };
        let picked = pick(folder.path(), wish);
        let languages: Vec<_> = picked.iter().map(|file| file.language).collect();
        assert_eq!(languages, ["rust", "python"]);
    }

    #[test]
    fn ignored_files_and_files_without_lines_are_passed_over() {
        let folder = workspace(&[
            (".gitignore", "generated/\n"),
            ("generated/a.rs", ONE_LINE),
            ("empty.rs", "}\n"),
            ("notes.md", "a long line of plain words\n"),
            ("kept.rs", ONE_LINE),
        ]);
        let wish = Pick {
            seed: 3,
            files: 9,
            lines: 9,
        };
        assert_eq!(names(&pick(folder.path(), wish)), ["kept.rs"]);
    }

    #[test]
    fn one_file_can_be_named() {
        let folder = workspace(&[("a.rs", ONE_LINE), ("b.rs", ONE_LINE)]);
        let wish = Pick {
            seed: 3,
            files: 9,
            lines: 9,
        };
        let picked = pick(&folder.path().join("b.rs"), wish);
        assert_eq!(names(&picked), ["b.rs"]);
    }
}
