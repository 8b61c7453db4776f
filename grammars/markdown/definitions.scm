; Headings, and the names of links.

((section (atx_heading heading_content: (_) @name @head)) @definition
  (#set! kind "module"))
((setext_heading heading_content: (paragraph (inline) @name @head)) @definition
  (#set! kind "module"))
((link_reference_definition (link_label) @name) @definition
  (#set! kind "constant"))
