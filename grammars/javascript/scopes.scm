; Items that enclose code: the whole item, its name, and the body that its head ends before.

((function_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((generator_function_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((method_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((variable_declarator name: (_) @scope.name value: [(arrow_function body: (statement_block) @scope.body) (function_expression body: (_) @scope.body)]) @scope
  (#set! kind "function"))
((class_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
