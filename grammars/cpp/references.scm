; Names that stand for a definition somewhere else: calls, types, macros.

(call_expression function: (identifier) @reference)
(call_expression function: (qualified_identifier name: (identifier) @reference))
(call_expression function: (field_expression field: (field_identifier) @reference))
(type_identifier) @reference
