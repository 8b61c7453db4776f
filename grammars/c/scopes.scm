; Items that enclose code: the whole item, its name, and the body that its head ends before.

((function_definition declarator: [(function_declarator declarator: (_) @scope.name) (pointer_declarator declarator: (function_declarator declarator: (_) @scope.name))] body: (_) @scope.body) @scope
  (#set! kind "function"))
((struct_specifier name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((union_specifier name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_specifier name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
