; Classes and ids where a rule is about them, custom properties, animations.

((rule_set (selectors (class_selector (class_name (identifier) @name) .)) (block) @body) @definition
  (#set! kind "type"))
((rule_set (selectors (id_selector (id_name) @name)) (block) @body) @definition
  (#set! kind "type"))
((keyframes_statement (keyframes_name) @name (keyframe_block_list) @body) @definition
  (#set! kind "function"))
((declaration (property_name) @name (#match? @name "^--")) @definition
  (#set! kind "constant"))
