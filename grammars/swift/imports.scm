; What the file takes from elsewhere.
(import_declaration) @import
