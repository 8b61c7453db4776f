; What is created encloses its columns or its query; a common table its query.

((create_table (object_reference) @scope.name (column_definitions) @scope.body) @scope
  (#set! kind "type"))
((create_view (object_reference) @scope.name (create_query) @scope.body) @scope
  (#set! kind "type"))
((create_materialized_view (object_reference) @scope.name (create_query) @scope.body) @scope
  (#set! kind "type"))
((create_function (object_reference) @scope.name (function_body) @scope.body) @scope
  (#set! kind "function"))
((cte . (identifier) @scope.name (statement) @scope.body) @scope
  (#set! kind "type"))
