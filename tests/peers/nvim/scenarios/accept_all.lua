--- A suggestion appears behind the cursor; Tab puts it into the buffer.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    local row = editor.row()
    editor.check(
      editor.is_on_screen(phrases.typed .. phrases.rest),
      'the ghost is on the screen',
      editor.screen()
    )
    editor.type('<Tab>')
    editor.wait_for_text(row, phrases.typed .. ghost)
    editor.wait('no ghost of what was accepted', function()
      return editor.ghost() ~= ghost
    end)
    editor.wait_for_answers()
    editor.check(#editor.messages == 0, 'no message', editor.messages)
  end,
}
