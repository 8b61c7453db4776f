//! Tells the binary which commit it was built from, for `mantle --version` and bug reports, and
//! links what keeps the memory of all threads together.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=.git/logs/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
    let commit = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output()
        .ok()
        .filter(|output| output.status.success())
        .and_then(|output| String::from_utf8(output.stdout).ok())
        .map_or_else(
            || "unknown commit".to_owned(),
            |commit| commit.trim().to_owned(),
        );
    println!("cargo::rustc-env=MANTLE_COMMIT={commit}");
    keep_to_one_arena();
    pack_relocations();
}

/// Packs what the loader has to move at every start into a fiftieth: 37,000 places, whose list is
/// nearly a megabyte to read and keep. The loader knows the packed form from glibc 2.36 on, so
/// a program that is to run with an older one is built there, as always with glibc.
fn pack_relocations() {
    let variable = |name: &str| std::env::var_os(name).unwrap_or_default();
    let is_native = variable("HOST") == variable("TARGET");
    if !is_native || variable("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    let libc = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let Ok(libc) = libc.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()) else {
        return;
    };
    let version = libc.trim().rsplit(' ').next().unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    if (numbers.next(), numbers.next()) >= (Some(2), Some(36)) {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// Links `src/lsp/one_arena.c`, which says why, where the allocator is glibc's.
fn keep_to_one_arena() {
    println!("cargo::rerun-if-changed=src/lsp/one_arena.c");
    let is = |variable: &str, expected: &str| {
        std::env::var_os(variable).is_some_and(|value| value == expected)
    };
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        cc::Build::new()
            .file("src/lsp/one_arena.c")
            .link_lib_modifier("+whole-archive")
            .compile("mantle_one_arena");
    }
}
