; What the file takes from elsewhere.

(chunk
  (variable_declaration
    (assignment_statement
      (expression_list
        value: (function_call name: (identifier) @function (#eq? @function "require"))))) @import)
(chunk (function_call name: (identifier) @function (#eq? @function "require")) @import)
