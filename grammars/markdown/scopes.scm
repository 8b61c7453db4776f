; A heading encloses what stands below it, up to the next of its rank.

((section (atx_heading heading_content: (_) @scope.name)) @scope
  (#set! kind "module"))
