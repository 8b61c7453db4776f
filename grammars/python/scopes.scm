; Items that enclose code: the whole item, its name, and the body that its head ends before.

((function_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((class_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
