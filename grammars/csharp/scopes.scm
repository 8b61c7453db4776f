; Items that enclose code: the whole item, its name, and the body that its head ends before.
((namespace_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "module"))
((class_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((struct_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((interface_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((record_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((method_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((constructor_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((destructor_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((local_function_statement name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((property_declaration name: (_) @scope.name accessors: (_) @scope.body) @scope
  (#set! kind "function"))
