; Definitions with their names and kinds; the head ends where the body begins.

((function_definition declarator: [(function_declarator declarator: (_) @name) (pointer_declarator declarator: (function_declarator declarator: (_) @name))] body: (_) @body) @definition
  (#set! kind "function"))
((declaration declarator: [(function_declarator declarator: (_) @name) (pointer_declarator declarator: (function_declarator declarator: (_) @name))]) @definition
  (#set! kind "function"))
((struct_specifier name: (_) @name body: (_) @body) @definition
  (#set! kind "type"))
((union_specifier name: (_) @name body: (_) @body) @definition
  (#set! kind "type"))
((enum_specifier name: (_) @name body: (_) @body) @definition
  (#set! kind "type"))
((type_definition declarator: (type_identifier) @name) @definition
  (#set! kind "type"))
((preproc_def name: (_) @name) @definition
  (#set! kind "macro"))
((preproc_function_def name: (_) @name) @definition
  (#set! kind "macro"))
