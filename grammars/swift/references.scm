; Names that stand for a definition somewhere else: calls, types, macros.
(call_expression . (simple_identifier) @reference)
(call_expression . (navigation_expression suffix: (navigation_suffix suffix: (simple_identifier) @reference)))
(navigation_expression target: (simple_identifier) @reference)
(user_type (type_identifier) @reference)
