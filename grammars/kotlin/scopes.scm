; Items that enclose code: the whole item, its name, and the body that its head ends before.
((class_declaration name: (_) @scope.name [(class_body) (enum_class_body)] @scope.body) @scope
  (#set! kind "type"))
((object_declaration name: (_) @scope.name (class_body) @scope.body) @scope
  (#set! kind "type"))
((companion_object (class_body) @scope.body) @scope
  (#set! kind "type"))
((function_declaration name: (_) @scope.name (function_body) @scope.body) @scope
  (#set! kind "function"))
((secondary_constructor (block) @scope.body) @scope
  (#set! kind "function"))
