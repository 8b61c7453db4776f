; Definitions with their names and kinds; the head ends where the body begins.

((class_declaration name: [(type_identifier) (user_type)] @name body: [(class_body) (enum_class_body)] @body) @definition
  (#set! kind "type"))
((protocol_declaration name: (type_identifier) @name body: (protocol_body) @body) @definition
  (#set! kind "type"))
((function_declaration name: (simple_identifier) @name body: (function_body) @body) @definition
  (#set! kind "function"))
((protocol_function_declaration name: (simple_identifier) @name) @definition
  (#set! kind "function"))
((init_declaration name: "init" @name body: (function_body) @body) @definition
  (#set! kind "function"))
((typealias_declaration name: (type_identifier) @name) @definition
  (#set! kind "type"))
(source_file
  (property_declaration name: (pattern bound_identifier: (simple_identifier) @name)) @definition
  (#set! kind "constant"))
(class_body
  (property_declaration name: (pattern bound_identifier: (simple_identifier) @name) !computed_value) @definition
  (#set! kind "constant"))
(class_body
  (property_declaration
    name: (pattern bound_identifier: (simple_identifier) @name)
    computed_value: (computed_property) @body) @definition
  (#set! kind "function"))
((enum_entry name: (simple_identifier) @name) @definition
  (#set! kind "constant"))
