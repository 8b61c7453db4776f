--- Typing what the ghost says shortens it without asking again; Tab then takes what is left.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    local row, asked = editor.row(), editor.requests
    for length = 1, 6 do
      editor.type(ghost:sub(length, length))
      local left = ghost:sub(length + 1)
      editor.wait('the ghost ' .. left, function()
        return editor.ghost() == left and editor.line() == phrases.typed .. ghost:sub(1, length)
      end)
    end
    editor.check(editor.requests == asked, 'nothing was asked meanwhile', { asked, editor.requests })
    editor.type('<Tab>')
    editor.wait_for_text(row, phrases.typed .. ghost)
    editor.wait_for_answers()
  end,
}
