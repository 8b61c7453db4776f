--- Typing something else makes the ghost vanish, and Tab is a Tab again.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    editor.type('ZZQ')
    editor.wait('the other text', function()
      return editor.line() == phrases.typed .. 'ZZQ'
    end)
    editor.wait('no ghost', function()
      return editor.ghost() ~= ghost
    end)
    editor.pause(200)
    editor.check(editor.ghost() == nil, 'there is no ghost', editor.ghost())
    editor.type('<Tab>!')
    editor.wait('a plain Tab', function()
      return vim.endswith(editor.line(), '!')
    end)
    editor.check(editor.line():match('ZZQ%s+!$') ~= nil, 'Tab took nothing', editor.line())
  end,
}
