; What the file takes from elsewhere.

((command name: (command_name) @function) @import
  (#any-of? @function "source" "."))
