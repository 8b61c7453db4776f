; Keys of the outermost mapping and those below them; anchors.

(document
  (block_node
    (block_mapping
      (block_mapping_pair key: (_) @name value: (block_node) @body) @definition))
  (#set! kind "module"))
(document
  (block_node
    (block_mapping
      (block_mapping_pair key: (_) @name value: (flow_node)) @definition))
  (#set! kind "constant"))
(document
  (block_node
    (block_mapping
      (block_mapping_pair
        value: (block_node
          (block_mapping
            (block_mapping_pair key: (_) @name value: (block_node) @body) @definition)))))
  (#set! kind "module"))
((anchor (anchor_name) @name) @definition
  (#set! kind "constant"))
