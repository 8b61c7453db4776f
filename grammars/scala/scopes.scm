; Items that enclose code: the whole item, its name, and the body that its head ends before.
((class_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((trait_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((object_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((package_object name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "module"))
((package_clause name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "module"))
((function_definition name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((given_definition body: (_) @scope.body) @scope
  (#set! kind "implementation"))
((extension_definition parameters: (_) @scope.head) @scope
  (#set! kind "implementation"))
