--- What stands behind the cursor moves aside for the ghost and is kept.
local phrases = require('phrases')

return {
  play = function(editor)
    editor.wait_for_server()
    editor.type_line(phrases.typed_before:sub(1, -2) .. phrases.tail)
    local row = editor.row()
    editor.type('<Left>u')
    editor.wait('a ghost within the line', function()
      local ghost = editor.ghost()
      return ghost and vim.startswith(ghost, phrases.rest_before)
    end)
    local ghost = assert(editor.ghost())
    local first = vim.split(ghost, '\n')[1]
    editor.check(
      editor.is_on_screen(phrases.typed_before .. first .. phrases.tail),
      'both are on the screen',
      editor.screen()
    )
    editor.type('<Tab>')
    editor.wait_for_text(row, phrases.typed_before .. ghost .. phrases.tail)
  end,
}
