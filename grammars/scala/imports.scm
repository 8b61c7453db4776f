; What the file takes from elsewhere.
(package_clause !body) @import
(import_declaration) @import
(export_declaration) @import
