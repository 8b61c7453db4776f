; What the file takes from elsewhere.

(package_declaration) @import
(import_declaration) @import
