; Items that enclose code: the whole item, its name, and the body that its head ends before.

((function_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((struct_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((enum_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((union_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((trait_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "type"))
((impl_item type: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "implementation"))
((mod_item name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "module"))
