; Ids that a label, a list or a description points to.

(attribute
  (attribute_name) @attribute
  (#any-of? @attribute "for" "form" "list" "headers" "aria-controls" "aria-describedby" "aria-labelledby" "popovertarget")
  (quoted_attribute_value (attribute_value) @reference))
