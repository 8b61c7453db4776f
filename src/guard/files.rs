//! Files of which nothing may leave the machine, told by their names alone.
//!
//! Names of source files are safe even when they speak of secrets: `credentials.rs` is code,
//! `credentials.json` is not.

use super::characters::is_hidden;

/// Returns why nothing of this file may leave the machine.
pub(super) fn excluded(path: &str) -> Option<&'static str> {
    // A URI may spell `.env` as `%2eenv`; on disk that would be another name. Both are judged.
    judge(&canonical(path)).or_else(|| judge(&canonical(&percent_decoded(path))))
}

fn judge(path: &str) -> Option<&'static str> {
    let parts: Vec<&str> = path
        .split('/')
        // Windows takes `.env.` and `.env::$DATA` for `.env`; a drive is a part of its own.
        .map(|part| part.split(':').next().unwrap_or(part))
        .map(|part| part.trim_end_matches(['.', ' ']))
        .filter(|part| !part.is_empty())
        .collect();
    let (name, folders) = parts.split_last()?;
    if folders
        .iter()
        .any(|folder| PRIVATE_FOLDERS.contains(folder))
    {
        return Some("private-folder");
    }
    // What a diff shows is of the file that it is named after.
    let name = &DIFFS
        .iter()
        .find_map(|extension| name.strip_suffix(extension))
        .unwrap_or(name);
    let in_folder = |folder: &str| folders.last().is_some_and(|last| *last == folder);
    let (stem, extension) = name.rsplit_once('.').unwrap_or((name, ""));

    if name.starts_with(".env") || extension == "env" {
        Some("environment")
    } else if KEY_EXTENSIONS.contains(&extension)
        || KEY_STEMS.iter().any(|stem| name.starts_with(stem))
        || (name.starts_with("id_") && !name.contains('.'))
    {
        Some("private-key")
    } else if name.contains(".tfstate") || extension == "tfvars" || name.ends_with(".tfvars.json") {
        Some("terraform")
    } else if *name == "kubeconfig"
        || extension == "kubeconfig"
        || (in_folder(".docker") && *name == "config.json")
        || CREDENTIAL_FILES.contains(name)
        || (CREDENTIAL_STEMS.contains(&stem.trim_start_matches('.'))
            && DATA_EXTENSIONS.contains(&extension))
        || CREDENTIAL_STEMS.contains(&name.trim_start_matches('.'))
        || (extension == "json" && CREDENTIAL_PREFIXES.iter().any(|p| name.starts_with(p)))
    {
        Some("credentials")
    } else if name.ends_with("_history") && name.starts_with('.') {
        Some("shell-history")
    } else {
        None
    }
}

const DIFFS: &[&str] = &[".diff", ".patch"];
const PRIVATE_FOLDERS: &[&str] = &[".ssh", ".aws", ".azure", ".gnupg", ".kube", ".gcloud"];
const KEY_EXTENSIONS: &[&str] = &[
    "pem", "key", "p8", "p12", "pfx", "jks", "keystore", "ppk", "gpg", "kdbx",
];
const KEY_STEMS: &[&str] = &["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519"];
const CREDENTIAL_FILES: &[&str] = &[
    ".npmrc",
    ".yarnrc.yml",
    ".pypirc",
    ".netrc",
    "_netrc",
    ".git-credentials",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".dockercfg",
    ".vault-token",
    ".boto",
    ".s3cfg",
    "auth.json",
];
const CREDENTIAL_STEMS: &[&str] = &["credentials", "credential", "secrets", "secret"];
const CREDENTIAL_PREFIXES: &[&str] = &["client_secret", "service-account", "service_account"];
const DATA_EXTENSIONS: &[&str] = &[
    "json",
    "yml",
    "yaml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "xml",
    "csv",
    "txt",
    "properties",
    "enc",
    "bak",
    "db",
];

/// One spelling for all that a file system may take for the same name.
fn canonical(path: &str) -> String {
    path.chars()
        .filter(|c| !is_hidden(*c))
        .map(|c| if c == '\\' { '/' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

fn percent_decoded(path: &str) -> String {
    let bytes = path.as_bytes();
    let digit = |at: usize| {
        bytes
            .get(at)
            .and_then(|b| char::from(*b).to_digit(16))
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (*byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_with_secrets_are_kept_in() {
        for (path, reason) in [
            (".env", "environment"),
            ("app/.env.local", "environment"),
            ("deploy/prod.env", "environment"),
            (".envrc", "environment"),
            ("tls/server.pem", "private-key"),
            ("config/master.key", "private-key"),
            ("id_rsa", "private-key"),
            ("keys/id_ed25519_work", "private-key"),
            ("keys/id_deploy", "private-key"),
            ("/home/a/.ssh/config", "private-folder"),
            ("/home/a/.aws/config", "private-folder"),
            ("/home/a/.kube/config", "private-folder"),
            ("infra/terraform.tfstate", "terraform"),
            ("infra/terraform.tfstate.backup", "terraform"),
            ("infra/prod.tfvars", "terraform"),
            (".npmrc", "credentials"),
            ("/home/a/.netrc", "credentials"),
            ("kubeconfig", "credentials"),
            ("credentials", "credentials"),
            (".cargo/credentials.toml", "credentials"),
            ("config/secrets.yml", "credentials"),
            ("client_secret_12.json", "credentials"),
            (".docker/config.json", "credentials"),
            (".bash_history", "shell-history"),
            ("tls/server.pem.diff", "private-key"),
            (".env.diff", "environment"),
            ("config/secrets.yml.patch", "credentials"),
        ] {
            assert_eq!(excluded(path), Some(reason), "{path}");
        }
    }

    #[test]
    fn source_files_that_speak_of_secrets_are_let_out() {
        for path in [
            "src/main.rs",
            "src/credentials.rs",
            "src/secrets.py",
            "src/id_map.rs",
            "src/env.rs",
            "src/key.rs",
            "environment.ts",
            "docs/keys.md",
            "config.json",
            "src/history.rs",
            "src/main.rs.diff",
            "",
        ] {
            assert_eq!(excluded(path), None, "{path}");
        }
    }

    #[test]
    fn other_spellings_of_the_same_name_are_kept_in() {
        for path in [
            ".ENV",
            "App\\.Env.Local",
            ".env.",
            ".env ",
            ".env::$DATA",
            "%2Eenv",
            "file:///home/a/%2essh/known_hosts",
            "a/.e\u{200b}nv",
            "C:\\Users\\a\\.AWS\\config",
            "Server.PEM",
        ] {
            assert!(excluded(path).is_some(), "{path:?}");
        }
    }
}
