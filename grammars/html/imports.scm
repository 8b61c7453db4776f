; Scripts and style sheets that the head of the page takes from elsewhere.

(element
  (start_tag (tag_name) @head (#eq? @head "head"))
  (script_element (start_tag (attribute (attribute_name) @attribute (#eq? @attribute "src")))) @import)
(element
  (start_tag (tag_name) @head (#eq? @head "head"))
  (element (start_tag (tag_name) @tag (#eq? @tag "link"))) @import)
(element
  (start_tag (tag_name) @head (#eq? @head "head"))
  (element (self_closing_tag (tag_name) @tag (#eq? @tag "link"))) @import)
