; Elements that have an id, by which other places name them.

((element
   (start_tag
     (attribute
       (attribute_name) @attribute (#eq? @attribute "id")
       (quoted_attribute_value (attribute_value) @name))) @head) @definition
  (#set! kind "module"))
((element
   (self_closing_tag
     (attribute
       (attribute_name) @attribute (#eq? @attribute "id")
       (quoted_attribute_value (attribute_value) @name)))) @definition
  (#set! kind "module"))
