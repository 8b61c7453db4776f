//! What is left out for its name alone: other people's code and what a tool can make again.

/// Folders of other people's code or of output, even where no ignore file names them.
const FOREIGN_FOLDERS: [&str; 15] = [
    "__pycache__",
    "bower_components",
    "carthage",
    "deriveddata",
    "dist",
    "elm-stuff",
    "jspm_packages",
    "node_modules",
    "pods",
    "site-packages",
    "third-party",
    "third_party",
    "thirdparty",
    "vendor",
    "vendored",
];

/// Tables that package managers write, by name.
const LOCK_FILES: [&str; 13] = [
    "bun.lock",
    "composer.lock",
    "conda-lock.yml",
    "deno.lock",
    "flake.lock",
    "go.sum",
    "npm-shrinkwrap.json",
    "package-lock.json",
    "packages.lock.json",
    "pipfile.lock",
    "pnpm-lock.yaml",
    "pnpm-lock.yml",
    "uv.lock",
];

/// Endings of names that compilers and code generators give to what they write.
const GENERATED_ENDINGS: [&str; 14] = [
    ".designer.cs",
    ".freezed.dart",
    ".g.cs",
    ".g.dart",
    ".generated.cs",
    ".generated.ts",
    ".lock",
    ".pb.cc",
    ".pb.go",
    ".pb.h",
    ".pb.swift",
    "_pb2.py",
    "_pb2.pyi",
    "_pb2_grpc.py",
];

/// Endings of names that minifiers and bundlers give.
const MINIFIED_ENDINGS: [&str; 6] = [
    ".bundle.js",
    ".chunk.js",
    ".min.css",
    ".min.js",
    ".min.mjs",
    "-min.js",
];

/// Returns whether a folder of this name holds nothing that somebody here wrote.
pub(super) fn is_foreign_folder(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FOREIGN_FOLDERS.contains(&name.as_str())
}

/// Returns whether a file of this name is written by a package manager or a generator.
pub(super) fn is_generated_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    LOCK_FILES.contains(&name.as_str()) || ends_in(&name, &GENERATED_ENDINGS)
}

/// Returns whether a file of this name is the output of a minifier.
pub(super) fn is_minified_name(name: &str) -> bool {
    ends_in(&name.to_ascii_lowercase(), &MINIFIED_ENDINGS)
}

fn ends_in(name: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_package_managers_are_foreign_in_any_case_of_letters() {
        for name in ["vendor", "third_party", "Pods", "node_modules", "dist"] {
            assert!(is_foreign_folder(name), "{name}");
        }
        for name in ["src", "vendors", "distribution", "party"] {
            assert!(!is_foreign_folder(name), "{name}");
        }
    }

    #[test]
    fn lock_files_and_outputs_are_known_by_their_names() {
        for name in ["Cargo.lock", "yarn.lock", "go.sum", "api.pb.go", "a_pb2.py"] {
            assert!(is_generated_name(name), "{name}");
        }
        for name in ["lock.rs", "pb.go", "clock.ts", "generated.rs"] {
            assert!(!is_generated_name(name), "{name}");
        }
        assert!(is_minified_name("jquery.min.js"));
        assert!(!is_minified_name("admin.js"));
    }
}
