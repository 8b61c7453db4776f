--- A bracket that closes itself, or a step to the left, ends the suggestion: what is left of it
--- would no longer fit, so the server is asked anew.
local phrases = require('phrases')

return {
  play = function(editor)
    local old = editor.type_and_see(phrases.typed, phrases.rest)
    vim.keymap.set('i', '(', '()<Left>')
    editor.type('onnection')
    editor.wait('the shorter ghost', function()
      return editor.ghost() == old:sub(#'onnection' + 1)
    end)
    local asked = editor.requests
    editor.type('(')
    editor.wait('another question', function()
      return editor.line() == phrases.typed .. 'onnection()' and editor.requests > asked
    end)
    editor.type('<Right>')
    editor.pause(100)
    asked = editor.requests
    editor.type('<Left>')
    editor.wait('another question', function()
      return editor.requests > asked
    end)
  end,
}
