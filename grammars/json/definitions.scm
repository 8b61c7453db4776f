; Keys of the outermost object, and of the objects in it.

(document
  (object
    (pair key: (string (string_content) @name) value: [(object) (array)] @body) @definition)
  (#set! kind "module"))
(document
  (object
    (pair
      key: (string (string_content) @name)
      value: [(string) (number) (true) (false) (null)]) @definition)
  (#set! kind "constant"))
(document
  (object
    (pair value: (object (pair key: (string (string_content) @name)) @definition)))
  (#set! kind "constant"))
