; Rules enclose their declarations; the selectors are the head.

((rule_set (selectors) @scope.name (block) @scope.body) @scope
  (#set! kind "type"))
((media_statement (block) @scope.body) @scope
  (#set! kind "module"))
((supports_statement (block) @scope.body) @scope
  (#set! kind "module"))
((scope_statement (block) @scope.body) @scope
  (#set! kind "module"))
((at_rule (block) @scope.body) @scope
  (#set! kind "module"))
((keyframes_statement (keyframe_block_list) @scope.body) @scope
  (#set! kind "module"))
