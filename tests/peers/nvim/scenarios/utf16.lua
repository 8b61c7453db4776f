--- Characters of two and four bytes before the cursor do not shift the suggestion.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed_wide, phrases.rest)
    local row = editor.row()
    editor.type('<C-Right>')
    editor.wait_for_text(row, phrases.typed_wide .. 'onnection')
    editor.type('<Tab>')
    editor.wait_for_text(row, phrases.typed_wide .. ghost)
    editor.wait_for_answers()
  end,
}
