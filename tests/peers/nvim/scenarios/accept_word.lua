--- A word at a time, then a line, then nothing is left.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    local row, asked = editor.row(), editor.requests
    editor.type('<C-Right>')
    editor.wait_for_text(row, phrases.typed .. 'onnection')
    editor.type('<C-Right>')
    editor.wait_for_text(row, phrases.typed .. 'onnection(')
    editor.check(editor.ghost() == ghost:sub(#'onnection(' + 1), 'the ghost is what is left', editor.ghost())
    editor.check(editor.requests == asked, 'nothing was asked meanwhile', { asked, editor.requests })
    editor.type('<M-Right>')
    editor.wait_for_text(row, phrases.typed .. vim.split(ghost, '\n')[1])
    -- Only a suggestion of several lines has something left now.
    if editor.ghost() and ghost:find('\n') then
      editor.type('<Tab>')
    end
    editor.wait_for_text(row, phrases.typed .. ghost)
    editor.wait_for_answers()
  end,
}
