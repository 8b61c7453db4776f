; What the file takes from elsewhere.

(package_clause) @import
(import_declaration) @import
