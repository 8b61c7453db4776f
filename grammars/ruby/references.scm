; Names that stand for a definition somewhere else. A call without arguments looks like a variable.

(constant) @reference
(identifier) @reference
