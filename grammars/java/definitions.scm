; Definitions with their names and kinds; the head ends where the body begins.

((class_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((interface_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((enum_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((record_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((annotation_type_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((method_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((constructor_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((field_declaration declarator: (variable_declarator name: (identifier) @name)) @definition
  (#set! kind "constant"))
