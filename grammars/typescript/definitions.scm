; Definitions with their names and kinds; the head ends where the body begins.

((function_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((generator_function_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((method_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((class_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((function_signature name: (_) @name) @definition
  (#set! kind "function"))
((method_signature name: (_) @name) @definition
  (#set! kind "function"))
((abstract_method_signature name: (_) @name) @definition
  (#set! kind "function"))
((abstract_class_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((interface_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((enum_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
((type_alias_declaration name: (_) @name) @definition
  (#set! kind "type"))

; Functions that are values of a name.
((variable_declarator
   name: (identifier) @name
   value: [(arrow_function body: (_) @body) (function_expression body: (_) @body)]) @definition
  (#set! kind "function"))
(program
  [(lexical_declaration (variable_declarator name: (identifier) @name value: [(number) (string) (object) (array) (new_expression) (call_expression)]))
   (export_statement (lexical_declaration (variable_declarator name: (identifier) @name value: [(number) (string) (object) (array) (new_expression) (call_expression)])))] @definition
  (#set! kind "constant"))
