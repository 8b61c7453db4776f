; Definitions with their names and kinds; the head ends with what is marked.

((method name: (_) @name @head !parameters) @definition
  (#set! kind "function"))
((method name: (_) @name parameters: (_) @head) @definition
  (#set! kind "function"))
((singleton_method name: (_) @name @head !parameters) @definition
  (#set! kind "function"))
((singleton_method name: (_) @name parameters: (_) @head) @definition
  (#set! kind "function"))
((class name: (_) @name @head !superclass) @definition
  (#set! kind "type"))
((class name: (_) @name superclass: (_) @head) @definition
  (#set! kind "type"))
((module name: (_) @name @head) @definition
  (#set! kind "module"))
((assignment left: (constant) @name) @definition
  (#set! kind "constant"))
((call
   method: (identifier) @function
   arguments: (argument_list (simple_symbol) @name)) @definition
  (#any-of? @function "attr_reader" "attr_accessor" "attr_writer" "scope" "has_many" "has_one" "belongs_to" "let" "define_method" "task")
  (#set! kind "function"))
