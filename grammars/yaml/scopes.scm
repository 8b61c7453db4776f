; A key encloses the mapping or list below it.

((block_mapping_pair
   key: (_) @scope.name
   value: (block_node [(block_mapping) (block_sequence)]) @scope.body) @scope
  (#set! kind "module"))
