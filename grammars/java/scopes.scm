; Items that enclose code: the whole item, its name, and the body that its head ends before.

((class_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((interface_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((record_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((annotation_type_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((method_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((constructor_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((compact_constructor_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
