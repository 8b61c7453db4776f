; Names that stand for a definition somewhere else: calls, types, macros.

(call_expression function: (identifier) @reference)
(call_expression function: (scoped_identifier name: (identifier) @reference))
(call_expression function: (field_expression field: (field_identifier) @reference))
(generic_function function: (identifier) @reference)
(macro_invocation macro: (identifier) @reference)
(scoped_identifier path: (identifier) @reference)
(struct_expression name: (type_identifier) @reference)
(type_identifier) @reference
