; Items that enclose code: the whole item, its name, and the body that its head ends before.
((namespace_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "module"))
((class_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((interface_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((trait_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((function_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((method_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
