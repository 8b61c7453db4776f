; What the file takes from elsewhere.

(use_declaration) @import
(extern_crate_declaration) @import
