; Definitions with their names and kinds; the head ends where the body begins.

((function_item name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((function_signature_item name: (_) @name) @definition
  (#set! kind "function"))
((struct_item name: (_) @name body: (field_declaration_list)? @body) @definition
  (#set! kind "type"))
((enum_item name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((union_item name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((trait_item name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((type_item name: (_) @name) @definition
  (#set! kind "type"))
((mod_item name: (_) @name body: (_)? @body) @definition
  (#set! kind "module"))
((const_item name: (_) @name) @definition
  (#set! kind "constant"))
((static_item name: (_) @name) @definition
  (#set! kind "constant"))
((macro_definition name: (_) @name) @definition
  (#set! kind "macro"))
