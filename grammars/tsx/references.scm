; Names that stand for a definition somewhere else: calls, types, macros.

(call_expression function: (identifier) @reference)
(call_expression function: (member_expression property: (property_identifier) @reference))
(new_expression constructor: (identifier) @reference)
(extends_clause value: (identifier) @reference)
(type_identifier) @reference
(jsx_opening_element name: (identifier) @reference)
(jsx_self_closing_element name: (identifier) @reference)
