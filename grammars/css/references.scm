; Custom properties that are read, animations that are played.

(call_expression
  (function_name) @function (#eq? @function "var")
  (arguments . (plain_value) @reference))
(declaration
  (property_name) @property (#match? @property "^animation(-name)?$")
  (plain_value) @reference)
