; What the file takes from elsewhere.

((call !receiver method: (identifier) @function) @import
  (#any-of? @function "require" "require_relative" "load" "autoload"))
