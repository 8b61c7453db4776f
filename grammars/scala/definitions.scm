; Definitions with their names and kinds; the head ends where the body begins.
((class_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((trait_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((object_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((enum_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((package_object name: (_) @name body: (_)? @body) @definition
  (#set! kind "module"))
((function_definition name: (_) @name body: (_) @body) @definition
  (#set! kind "function"))
((function_declaration name: (_) @name) @definition
  (#set! kind "function"))
((type_definition name: (_) @name) @definition
  (#set! kind "type"))
((given_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "implementation"))
((template_body (val_definition pattern: (identifier) @name) @definition)
  (#set! kind "constant"))
((compilation_unit (val_definition pattern: (identifier) @name) @definition)
  (#set! kind "constant"))
