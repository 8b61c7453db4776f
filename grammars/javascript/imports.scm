; What the file takes from elsewhere.

(import_statement) @import
(program (lexical_declaration (variable_declarator value: (call_expression function: (identifier) @require (#eq? @require "require")))) @import)
