; Items that enclose code: the whole item, its name, and what its head ends with.

((function_declaration name: (_) @scope.name parameters: (_) @scope.head) @scope
  (#set! kind "function"))
((assignment_statement
   (variable_list name: (_) @scope.name)
   (expression_list value: (function_definition parameters: (_) @scope.head))) @scope
  (#set! kind "function"))
((field name: (_) @scope.name value: (function_definition parameters: (_) @scope.head)) @scope
  (#set! kind "function"))
