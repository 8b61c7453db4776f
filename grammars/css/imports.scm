; What the file takes from elsewhere.
(import_statement) @import
(charset_statement) @import
(namespace_statement) @import
