; Definitions with their names and kinds; the head ends where the body begins.

((function_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((generator_function_declaration name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((method_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((class_declaration name: (_) @name body: (_)? @body) @definition
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
