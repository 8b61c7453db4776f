; Tables that are read or changed, functions that are called.

(relation (object_reference name: (identifier) @reference))
(from (object_reference name: (identifier) @reference))
(insert (object_reference name: (identifier) @reference))
(update (relation (object_reference name: (identifier) @reference)))
(constraint (object_reference name: (identifier) @reference))
(column_definition (object_reference name: (identifier) @reference))
(invocation (object_reference name: (identifier) @reference))
(field (object_reference name: (identifier) @reference))
