--- An accepted suggestion is one undo step, and `.` repeats it with what was typed around it.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    local row = editor.row()
    local full = phrases.typed .. ghost
    editor.type('<Tab>')
    editor.wait_for_text(row, full)
    editor.type('<Esc>u')
    editor.wait_for_text(row, phrases.typed)
    editor.type('<C-r>')
    editor.wait_for_text(row, full)
    editor.type('G.')
    editor.wait('the repeated text', function()
      local lines = editor.lines()
      local count = #vim.split(full, '\n')
      return table.concat(vim.list_slice(lines, #lines - count + 1), '\n') == full
        and #lines >= row + 2 * count - 1
    end)
  end,
}
