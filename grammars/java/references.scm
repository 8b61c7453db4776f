; Names that stand for a definition somewhere else: calls, types, macros.

(method_invocation name: (identifier) @reference)
(method_invocation object: (identifier) @reference)
(object_creation_expression type: (type_identifier) @reference)
(type_identifier) @reference
