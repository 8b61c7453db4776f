; Definitions with their names and kinds; the head ends where the body begins.
((namespace_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "module"))
((class_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((struct_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((interface_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((enum_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((record_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((delegate_declaration name: (_) @name) @definition
  (#set! kind "type"))
((method_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((constructor_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((local_function_statement name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((property_declaration name: (_) @name accessors: (_)? @body) @definition
  (#set! kind "function"))
((field_declaration (variable_declaration (variable_declarator name: (identifier) @name))) @definition
  (#set! kind "constant"))
((enum_member_declaration name: (_) @name) @definition
  (#set! kind "constant"))
