; Names that stand for a definition somewhere else: calls, types, macros.

(call_expression function: (identifier) @reference)
(call_expression function: (selector_expression field: (field_identifier) @reference))
(type_identifier) @reference
