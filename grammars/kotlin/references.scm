; Names that stand for a definition somewhere else: calls, types, macros.
(call_expression . (identifier) @reference)
(call_expression . (navigation_expression (identifier) @reference .))
(navigation_expression . (identifier) @reference)
(user_type (identifier) @reference)
(annotation (constructor_invocation (user_type (identifier) @reference)))
