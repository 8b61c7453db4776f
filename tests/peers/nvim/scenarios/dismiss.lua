--- Dismissing takes the ghost away, leaves the text alone, and asks nothing until the next key.
local phrases = require('phrases')

return {
  play = function(editor)
    editor.type_and_see(phrases.typed, phrases.rest)
    local asked = editor.requests
    editor.type('<C-]>')
    editor.wait('no ghost', function()
      return editor.ghost() == nil
    end)
    editor.pause(200)
    editor.check(editor.ghost() == nil, 'it stays away', editor.ghost())
    editor.check(editor.requests == asked, 'nothing was asked', { asked, editor.requests })
    editor.check(editor.line() == phrases.typed, 'the text is as typed', editor.line())
    editor.type('<Tab>!')
    editor.wait('a plain Tab', function()
      return editor.line():match('open_c%s+!$')
    end)
  end,
}
