; Items that enclose code: the whole item, and the body that its head ends before.

((class_declaration body: [(class_body) (enum_class_body)] @scope.body) @scope
  (#set! kind "type"))
((protocol_declaration body: (protocol_body) @scope.body) @scope
  (#set! kind "type"))
((function_declaration body: (function_body) @scope.body) @scope
  (#set! kind "function"))
((init_declaration body: (function_body) @scope.body) @scope
  (#set! kind "function"))
((deinit_declaration body: (function_body) @scope.body) @scope
  (#set! kind "function"))
((property_declaration computed_value: (computed_property) @scope.body) @scope
  (#set! kind "function"))
