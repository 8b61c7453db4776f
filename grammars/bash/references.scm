; Names that stand for a definition somewhere else: calls, types, macros.

(command name: (command_name (word) @reference))
(simple_expansion (variable_name) @reference)
(expansion (variable_name) @reference)
