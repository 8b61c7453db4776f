; Definitions with their names and kinds; the head ends with what is marked.

((function_declaration name: (identifier) @name parameters: (_) @head) @definition
  (#set! kind "function"))
((function_declaration
   name: [(dot_index_expression field: (identifier) @name) (method_index_expression method: (identifier) @name)]
   parameters: (_) @head) @definition
  (#set! kind "function"))
((assignment_statement
   (variable_list name: [(identifier) @name (dot_index_expression field: (identifier) @name)])
   (expression_list value: (function_definition parameters: (_) @head))) @definition
  (#set! kind "function"))
((field name: (identifier) @name value: (function_definition parameters: (_) @head)) @definition
  (#set! kind "function"))
(chunk
  (variable_declaration
    (assignment_statement
      (variable_list name: (identifier) @name)
      (expression_list value: [(number) (string) (table_constructor)]))) @definition
  (#set! kind "constant"))
