; Tables by their names, and the pairs before the first and within each.

((table . [(bare_key) (dotted_key) (quoted_key)] @name "]" @head) @definition
  (#set! kind "module"))
((table_array_element . [(bare_key) (dotted_key) (quoted_key)] @name "]]" @head) @definition
  (#set! kind "module"))
((pair . [(bare_key) (dotted_key) (quoted_key)] @name) @definition
  (#set! kind "constant"))
