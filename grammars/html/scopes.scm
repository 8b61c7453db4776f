; Elements enclose what stands between their tags; the tag that begins one is its head.

((element
   (start_tag (tag_name) @scope.name) @scope.head
   (#not-any-of? @scope.name "area" "base" "br" "col" "embed" "hr" "img" "input" "link" "meta" "source" "track" "wbr")) @scope
  (#set! kind "module"))
((script_element (start_tag (tag_name) @scope.name) @scope.head) @scope
  (#set! kind "module"))
((style_element (start_tag (tag_name) @scope.name) @scope.head) @scope
  (#set! kind "module"))
