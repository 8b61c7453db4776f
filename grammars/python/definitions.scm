; Definitions with their names and kinds; the head ends where the body begins.

((function_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "function"))
((class_definition name: (_) @name body: (_)? @body) @definition
  (#set! kind "type"))
(module
  (expression_statement
    (assignment left: (identifier) @name) @definition)
  (#set! kind "constant"))
