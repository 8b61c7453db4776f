--- With `automatic` off, only the trigger key asks.
local phrases = require('phrases')

return {
  options = function()
    return { cmd = vim.env.MANTLE_BIN, automatic = false }
  end,
  play = function(editor)
    editor.wait_for_server()
    editor.type_line(phrases.typed)
    local row = editor.row()
    editor.pause(200)
    editor.check(editor.requests == 0, 'nothing was asked', editor.requests)
    editor.type([[<M-\>]])
    editor.wait('the ghost', function()
      local ghost = editor.ghost()
      return ghost and vim.startswith(ghost, phrases.rest)
    end)
    local ghost = assert(editor.ghost())
    editor.type('<Tab>')
    editor.wait_for_text(row, phrases.typed .. ghost)
    editor.wait_for_answers()
  end,
}
