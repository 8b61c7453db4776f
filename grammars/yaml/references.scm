; Aliases stand for what an anchor names.

(alias (alias_name) @reference)
