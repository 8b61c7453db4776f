; Definitions with their names and kinds; the head ends where the body begins.
((class_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((interface_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((trait_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((enum_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((function_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((method_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((const_declaration (const_element (name) @name)) @definition
  (#set! kind "constant"))
((property_declaration (property_element name: (variable_name (name) @name))) @definition
  (#set! kind "constant"))
((enum_case name: (name) @name) @definition
  (#set! kind "constant"))
