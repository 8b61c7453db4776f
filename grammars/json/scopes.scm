; A key encloses the object or list that is its value.

((pair key: (string (string_content) @scope.name) value: [(object) (array)] @scope.body) @scope
  (#set! kind "module"))
