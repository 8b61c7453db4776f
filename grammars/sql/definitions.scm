; Tables, views, functions, types, indexes and common tables.

((create_table (object_reference name: (identifier) @name) (column_definitions)? @body) @definition
  (#set! kind "type"))
((create_view (object_reference name: (identifier) @name) (create_query)? @body) @definition
  (#set! kind "type"))
((create_materialized_view (object_reference name: (identifier) @name) (create_query)? @body) @definition
  (#set! kind "type"))
((create_type (object_reference name: (identifier) @name)) @definition
  (#set! kind "type"))
((create_function (object_reference name: (identifier) @name) (function_body)? @body) @definition
  (#set! kind "function"))
((create_trigger . (keyword_create) . (keyword_trigger) . (object_reference name: (identifier) @name)) @definition
  (#set! kind "function"))
((create_index column: (identifier) @name) @definition
  (#set! kind "constant"))
((cte . (identifier) @name (statement) @body) @definition
  (#set! kind "type"))
