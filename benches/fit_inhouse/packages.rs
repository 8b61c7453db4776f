//! The packages: permissively licensed, two releases of each, in every language that is learnt.

/// Which half of the packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Those the weights are fitted on.
    Fit,
    /// Those kept back.
    Check,
}

/// Who fetches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    Cargo,
    Pip,
    Npm,
    /// `apt-get source`; a release is the Debian suite that carries it.
    Apt,
}
use Client::{Apt, Cargo, Npm, Pip};
use Half::{Check, Fit};

/// A package: half, client, name, licence, its two releases, the extensions that questions are
/// asked in.
pub type Package = (
    Half,
    Client,
    &'static str,
    &'static str,
    [&'static str; 2],
    &'static [&'static str],
);

const RUST: &[&str] = &["rs"];
const PYTHON: &[&str] = &["py"];
const JAVASCRIPT: &[&str] = &["js", "mjs", "cjs"];
const TYPESCRIPT: &[&str] = &["ts", "tsx"];
const GO: &[&str] = &["go"];
const JAVA: &[&str] = &["java"];
const C: &[&str] = &["c", "h"];
const CPP: &[&str] = &["cc", "cpp", "cxx", "h", "hh", "hpp"];
const RUBY: &[&str] = &["rb"];
const PHP: &[&str] = &["php"];
const KOTLIN_SWIFT: &[&str] = &["kt", "swift"];
const CSHARP: &[&str] = &["cs"];
const LUA: &[&str] = &["lua"];
const SHELL: &[&str] = &["sh", "bash", "zsh"];
const STYLES: &[&str] = &["css", "scss"];

const OLDEST: &str = "bullseye";
const OLDER: &str = "bookworm";
const NEW: &str = "trixie";

#[rustfmt::skip]
pub const PACKAGES: &[Package] = &[
    (Fit, Cargo, "axum", "MIT", ["0.7.0", "0.8.9"], RUST),
    (Fit, Cargo, "clap_builder", "MIT or Apache-2.0", ["4.4.0", "4.6.7"], RUST),
    (Fit, Cargo, "h2", "MIT", ["0.4.2", "0.4.20"], RUST),
    (Fit, Cargo, "hyper", "MIT", ["1.1.0", "1.12.0"], RUST),
    (Fit, Cargo, "indexmap", "MIT or Apache-2.0", ["2.2.6", "2.14.2"], RUST),
    (Fit, Cargo, "regex-automata", "MIT or Apache-2.0", ["0.4.3", "0.4.19"], RUST),
    (Fit, Cargo, "serde_json", "MIT or Apache-2.0", ["1.0.110", "1.0.154"], RUST),
    (Fit, Cargo, "tokio", "MIT", ["1.38.0", "1.54.1"], RUST),
    (Fit, Cargo, "tower-http", "MIT", ["0.5.0", "0.6.11"], RUST),
    (Fit, Cargo, "tree-sitter", "MIT", ["0.22.1", "0.27.1"], RUST),
    (Fit, Pip, "httpx", "BSD-3-Clause", ["0.25.0", "0.28.1"], PYTHON),
    (Fit, Pip, "pydantic", "MIT", ["2.5.0", "2.9.0"], PYTHON),
    (Fit, Pip, "rich", "MIT", ["13.0.0", "13.9.4"], PYTHON),
    (Fit, Pip, "click", "BSD-3-Clause", ["8.1.0", "8.2.0"], PYTHON),
    (Fit, Npm, "express", "MIT", ["4.18.0", "5.1.0"], JAVASCRIPT),
    (Fit, Npm, "fastify", "MIT", ["4.20.0", "5.0.0"], JAVASCRIPT),
    (Fit, Npm, "rxjs", "Apache-2.0", ["7.5.0", "7.8.1"], TYPESCRIPT),
    (Fit, Npm, "@tanstack/query-core", "MIT", ["5.0.0", "5.59.0"], TYPESCRIPT),
    (Fit, Npm, "@reduxjs/toolkit", "MIT", ["1.9.7", "2.2.8"], TYPESCRIPT),
    (Fit, Npm, "viem", "MIT", ["2.0.0", "2.21.0"], TYPESCRIPT),
    (Fit, Npm, "react-native-screens", "MIT", ["3.29.0", "4.4.0"], TYPESCRIPT),
    (Fit, Apt, "golang-github-gin-gonic-gin", "MIT", [OLDEST, OLDER], GO),
    (Fit, Apt, "golang-github-spf13-cobra", "Apache-2.0", [OLDER, NEW], GO),
    (Fit, Apt, "golang-github-yuin-goldmark", "MIT", [OLDER, NEW], GO),
    (Fit, Apt, "golang-golang-x-net", "BSD-3-Clause", [OLDER, NEW], GO),
    (Fit, Apt, "golang-google-grpc", "Apache-2.0", [OLDER, NEW], GO),
    (Fit, Apt, "golang-github-rs-zerolog", "MIT", [OLDER, NEW], GO),
    (Fit, Apt, "httpcomponents-client", "Apache-2.0", [OLDEST, OLDER], JAVA),
    (Fit, Apt, "guava-libraries", "Apache-2.0", [OLDER, NEW], JAVA),
    (Fit, Apt, "libcommons-net-java", "Apache-2.0", [OLDEST, OLDER], JAVA),
    (Fit, Apt, "mockito", "MIT", [OLDER, NEW], JAVA),
    (Fit, Apt, "libcommons-lang3-java", "Apache-2.0", [OLDER, NEW], JAVA),
    (Fit, Apt, "curl", "curl", [OLDER, NEW], C),
    (Fit, Apt, "redis", "BSD-3-Clause", [OLDEST, OLDER], C),
    (Fit, Apt, "libuv1", "MIT", [OLDER, NEW], C),
    (Fit, Apt, "libzstd", "BSD-3-Clause", [OLDEST, NEW], C),
    (Fit, Apt, "memcached", "BSD-3-Clause", [OLDER, NEW], C),
    (Fit, Apt, "abseil", "Apache-2.0", [OLDER, NEW], CPP),
    (Fit, Apt, "fmtlib", "MIT", [OLDEST, NEW], CPP),
    (Fit, Apt, "re2", "BSD-3-Clause", [OLDER, NEW], CPP),
    (Fit, Apt, "double-conversion", "BSD-3-Clause", [OLDER, NEW], CPP),
    (Fit, Apt, "benchmark", "Apache-2.0", [OLDER, NEW], CPP),
    (Fit, Npm, "expo-modules-autolinking", "MIT", ["1.10.0", "2.0.0"], RUBY),
    (Fit, Apt, "php-monolog", "MIT", [OLDER, NEW], PHP),
    (Fit, Apt, "php-parser", "BSD-3-Clause", [OLDER, NEW], PHP),
    (Fit, Npm, "expo-modules-core", "MIT", ["1.12.26", "2.2.3"], KOTLIN_SWIFT),
    (Fit, Npm, "bootstrap", "MIT", ["4.6.2", "5.3.3"], STYLES),
    (Check, Cargo, "ignore", "Unlicense or MIT", ["0.4.20", "0.4.34"], RUST),
    (Check, Cargo, "insta", "Apache-2.0", ["1.34.0", "1.49.0"], RUST),
    (Check, Cargo, "moka", "MIT or Apache-2.0", ["0.12.5", "0.12.16"], RUST),
    (Check, Cargo, "reqwest", "MIT or Apache-2.0", ["0.12.0", "0.13.5"], RUST),
    (Check, Cargo, "rustls", "MIT or Apache-2.0 or ISC", ["0.23.0", "0.23.46"], RUST),
    (Check, Cargo, "sqlx-core", "MIT or Apache-2.0", ["0.8.0", "0.9.0"], RUST),
    (Check, Cargo, "time", "MIT or Apache-2.0", ["0.3.30", "0.3.55"], RUST),
    (Check, Cargo, "winnow", "MIT", ["0.6.0", "0.7.0"], RUST),
    (Check, Pip, "attrs", "MIT", ["22.2.0", "24.2.0"], PYTHON),
    (Check, Pip, "flask", "BSD-3-Clause", ["2.2.0", "3.1.0"], PYTHON),
    (Check, Pip, "starlette", "BSD-3-Clause", ["0.30.0", "0.41.0"], PYTHON),
    (Check, Npm, "ajv", "MIT", ["8.11.0", "8.17.1"], TYPESCRIPT),
    (Check, Npm, "commander", "MIT", ["11.0.0", "13.0.0"], JAVASCRIPT),
    (Check, Npm, "koa", "MIT", ["2.13.0", "3.0.0"], JAVASCRIPT),
    (Check, Npm, "ethers", "MIT", ["6.4.2", "6.13.7"], TYPESCRIPT),
    (Check, Npm, "@react-navigation/core", "MIT", ["6.4.0", "7.11.0"], TYPESCRIPT),
    (Check, Npm, "immer", "MIT", ["9.0.21", "10.1.3"], TYPESCRIPT),
    (Check, Npm, "react-redux", "MIT", ["8.1.3", "9.2.0"], TYPESCRIPT),
    (Check, Apt, "golang-github-gorilla-mux", "BSD-3-Clause", [OLDER, NEW], GO),
    (Check, Apt, "golang-github-spf13-viper", "MIT", [OLDER, NEW], GO),
    (Check, Apt, "golang-github-gorilla-websocket", "BSD-2-Clause", [OLDER, NEW], GO),
    (Check, Apt, "golang-github-go-git-go-git", "Apache-2.0", [OLDER, NEW], GO),
    (Check, Apt, "golang-github-labstack-echo", "MIT", [OLDER, NEW], GO),
    (Check, Apt, "fzf", "MIT", [OLDER, NEW], GO),
    (Check, Apt, "commons-io", "Apache-2.0", [OLDER, NEW], JAVA),
    (Check, Apt, "zookeeper", "Apache-2.0", [OLDER, NEW], JAVA),
    (Check, Apt, "libcommons-codec-java", "Apache-2.0", [OLDER, NEW], JAVA),
    (Check, Apt, "picocli", "Apache-2.0", [OLDEST, OLDER], JAVA),
    (Check, Apt, "nginx", "BSD-2-Clause", [OLDER, NEW], C),
    (Check, Apt, "nghttp2", "MIT", [OLDER, NEW], C),
    (Check, Apt, "c-ares", "MIT", [OLDEST, OLDER], C),
    (Check, Apt, "lighttpd", "BSD-3-Clause", [OLDER, NEW], C),
    (Check, Apt, "pgbouncer", "ISC", [OLDER, NEW], C),
    (Check, Apt, "spdlog", "MIT", [OLDER, NEW], CPP),
    (Check, Apt, "googletest", "BSD-3-Clause", [OLDER, NEW], CPP),
    (Check, Apt, "flatbuffers", "Apache-2.0", [OLDER, NEW], CPP),
    (Check, Apt, "cli11", "BSD-3-Clause", [OLDER, NEW], CPP),
    (Check, Apt, "ninja-build", "Apache-2.0", [OLDER, NEW], CPP),
    (Check, Apt, "yaml-cpp", "MIT", [OLDER, NEW], CPP),
    (Check, Npm, "react-native", "MIT", ["0.72.0", "0.75.0"], RUBY),
    (Check, Apt, "php-nesbot-carbon", "MIT", [OLDER, NEW], PHP),
    (Check, Apt, "php-league-commonmark", "BSD-3-Clause", [OLDER, NEW], PHP),
    (Check, Npm, "react-native-vision-camera", "MIT", ["3.9.2", "4.6.4"], KOTLIN_SWIFT),
    (Check, Npm, "react-native-windows", "MIT", ["0.74.0", "0.77.12"], CSHARP),
    (Check, Apt, "neovim", "Apache-2.0", [OLDER, NEW], LUA),
    (Check, Npm, "bats", "MIT", ["1.7.0", "1.11.0"], SHELL),
    (Check, Npm, "@primer/css", "MIT", ["20.8.3", "21.5.1"], STYLES),
];
