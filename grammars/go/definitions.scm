; Definitions with their names and kinds; the head ends where the body begins.

((function_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((method_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((method_elem name: (_) @name) @definition
  (#set! kind "function"))
((type_declaration (type_spec name: (_) @name type: (struct_type (field_declaration_list) @body))) @definition
  (#set! kind "type"))
((type_declaration (type_spec name: (_) @name type: (interface_type "{" @body))) @definition
  (#set! kind "type"))
((type_declaration (type_spec name: (_) @name type: [(type_identifier) (qualified_type) (pointer_type) (array_type) (slice_type) (map_type) (channel_type) (function_type) (generic_type)])) @definition
  (#set! kind "type"))
((type_declaration (type_alias name: (_) @name)) @definition
  (#set! kind "type"))
(source_file
  (const_declaration (const_spec name: (identifier) @name) @definition)
  (#set! kind "constant"))
(source_file
  (var_declaration (var_spec name: (identifier) @name) @definition)
  (#set! kind "constant"))
