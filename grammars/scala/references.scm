; Names that stand for a definition somewhere else: calls, types, macros.
(call_expression function: (identifier) @reference)
(call_expression function: (field_expression field: (identifier) @reference))
(field_expression value: (identifier) @reference)
(generic_function function: (identifier) @reference)
(instance_expression (type_identifier) @reference)
(type_identifier) @reference
