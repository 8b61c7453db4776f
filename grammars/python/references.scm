; Names that stand for a definition somewhere else: calls, types, macros.

(call function: (identifier) @reference)
(call function: (attribute attribute: (identifier) @reference))
(type (identifier) @reference)
(class_definition superclasses: (argument_list (identifier) @reference))
(decorator (identifier) @reference)
