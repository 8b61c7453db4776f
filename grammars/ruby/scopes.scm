; Items that enclose code: the whole item, its name, and what its head ends with.

((method name: (_) @scope.name @scope.head !parameters) @scope
  (#set! kind "function"))
((method name: (_) @scope.name parameters: (_) @scope.head) @scope
  (#set! kind "function"))
((singleton_method name: (_) @scope.name @scope.head !parameters) @scope
  (#set! kind "function"))
((singleton_method name: (_) @scope.name parameters: (_) @scope.head) @scope
  (#set! kind "function"))
((class name: (_) @scope.name @scope.head !superclass) @scope
  (#set! kind "type"))
((class name: (_) @scope.name superclass: (_) @scope.head) @scope
  (#set! kind "type"))
((module name: (_) @scope.name @scope.head) @scope
  (#set! kind "module"))
((singleton_class value: (_) @scope.name @scope.head) @scope
  (#set! kind "type"))

; What a test or a task of a DSL is about: a call of nobody with arguments and a block.
((call
   !receiver
   method: (identifier) @scope.name
   arguments: (_)
   block: (do_block "do" @scope.head !parameters)) @scope
  (#set! kind "function"))
((call
   !receiver
   method: (identifier) @scope.name
   arguments: (_)
   block: (do_block parameters: (_) @scope.head)) @scope
  (#set! kind "function"))
