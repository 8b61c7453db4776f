--- Nothing is offered while a macro is recorded or played: it could not be played back.
local phrases = require('phrases')

return {
  play = function(editor)
    editor.wait_for_server()
    editor.type('Goqueue<Esc>')
    editor.type('qq')
    editor.wait('recording', function()
      return vim.fn.reg_recording() == 'q'
    end)
    local asked = editor.requests
    editor.type_line(phrases.typed)
    editor.pause(200)
    editor.check(editor.ghost() == nil, 'there is no ghost', editor.ghost())
    editor.check(editor.requests == asked, 'nothing was asked', { asked, editor.requests })
    editor.type('<Tab>x<Esc>q')
    editor.wait('the end of the recording', function()
      return vim.fn.reg_recording() == ''
    end)
    local recorded = editor.line()
    editor.type('@q')
    editor.wait('the same line twice', function()
      local lines = editor.lines()
      return lines[#lines] == recorded and lines[#lines - 1] == recorded
    end)
  end,
}
