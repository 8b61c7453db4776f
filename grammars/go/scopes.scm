; Items that enclose code: the whole item, its name, and the body that its head ends before.

((function_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((method_declaration name: (_) @scope.name body: (_) @scope.body) @scope
  (#set! kind "function"))
((type_declaration (type_spec name: (_) @scope.name type: (struct_type (field_declaration_list) @scope.body))) @scope
  (#set! kind "type"))
((type_declaration (type_spec name: (_) @scope.name type: (interface_type "{" @scope.body))) @scope
  (#set! kind "type"))
