; A table encloses the pairs below its heading, a key the list that is its value.

((table) @scope
  (#set! kind "module"))
((table_array_element) @scope
  (#set! kind "module"))
((pair [(bare_key) (dotted_key) (quoted_key)] @scope.name (array) @scope.body) @scope
  (#set! kind "module"))
