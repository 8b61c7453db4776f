; What the file takes from elsewhere.

(preproc_include) @import
(using_declaration) @import
