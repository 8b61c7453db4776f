; What the file takes from elsewhere.
(package_header) @import
(import) @import
