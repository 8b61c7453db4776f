; Nothing: see `absent` in language.toml.
