; Items that enclose code: the whole item, its name, and what its head ends with.

((function_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
