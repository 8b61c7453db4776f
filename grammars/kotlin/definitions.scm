; Definitions with their names and kinds; the head ends where the body begins.
((class_declaration name: (_) @name [(class_body) (enum_class_body)]? @body) @definition
  (#set! kind "type"))
((object_declaration name: (_) @name (class_body)? @body) @definition
  (#set! kind "type"))
((function_declaration name: (_) @name (function_body)? @body) @definition
  (#set! kind "function"))
((type_alias type: (identifier) @name) @definition
  (#set! kind "type"))
((source_file (property_declaration (variable_declaration (identifier) @name)) @definition)
  (#set! kind "constant"))
((class_body (property_declaration (variable_declaration (identifier) @name)) @definition)
  (#set! kind "constant"))
((enum_entry (identifier) @name) @definition
  (#set! kind "constant"))
