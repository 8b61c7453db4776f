//! Where files are, by the XDG base directory specification.

use std::path::{Path, PathBuf};

use super::Environment;

/// Places of all files; nothing is created here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paths {
    /// The user's configuration.
    pub config: PathBuf,
    /// The folder of ledger, logs and learned state.
    pub state: PathBuf,
    /// The folder of the index.
    pub cache: PathBuf,
    /// Where cargo keeps the sources of crates.
    pub cargo_home: PathBuf,
}

impl Paths {
    /// Finds the places from the environment; `config` and `state` are what the command line said.
    #[must_use]
    pub fn find(environment: &Environment, config: Option<&Path>, state: Option<&Path>) -> Self {
        let home = environment
            .get("HOME")
            .map_or_else(std::env::temp_dir, PathBuf::from);
        // The specification says that a path which is not absolute is invalid and ignored.
        let base = |variable: &str, default: &str| {
            environment
                .get(variable)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
                .unwrap_or_else(|| home.join(default))
                .join("mantle")
        };
        Self {
            config: config.map_or_else(
                || base("XDG_CONFIG_HOME", ".config").join("config.toml"),
                Path::to_owned,
            ),
            state: state.map_or_else(|| base("XDG_STATE_HOME", ".local/state"), Path::to_owned),
            cache: base("XDG_CACHE_HOME", ".cache"),
            cargo_home: environment
                .get("CARGO_HOME")
                .map_or_else(|| home.join(".cargo"), PathBuf::from),
        }
    }

    /// Returns the user's price file, which stands beside the configuration.
    #[must_use]
    pub fn prices(&self) -> PathBuf {
        self.config.with_file_name("prices.json")
    }

    /// Returns the ledger's file.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger.sqlite3")
    }

    /// Returns the file of a drill that runs.
    #[must_use]
    pub fn drill(&self) -> PathBuf {
        self.state.join("drill.toml")
    }

    /// Returns the folder of the logs.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.state.join("log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_base_directory_is_ignored() {
        let environment = Environment::from_pairs([("HOME", "/h"), ("XDG_STATE_HOME", "relative")]);
        let paths = Paths::find(&environment, None, None);
        assert_eq!(paths.state, Path::new("/h/.local/state/mantle"));
        assert_eq!(paths.config, Path::new("/h/.config/mantle/config.toml"));
    }

    #[test]
    fn the_command_line_wins() {
        let environment = Environment::from_pairs([("HOME", "/h"), ("XDG_STATE_HOME", "/s")]);
        let paths = Paths::find(
            &environment,
            Some(Path::new("c.toml")),
            Some(Path::new("/x")),
        );
        assert_eq!((paths.config, paths.state), ("c.toml".into(), "/x".into()));
    }
}
