--- Off means that the server no longer serves the file; on again, it does.
local phrases = require('phrases')

return {
  play = function(editor)
    editor.type_and_see(phrases.typed, phrases.rest)
    editor.type('<Esc>')
    local mantle = require('mantle')
    for _, scope in ipairs({ 'global', 'filetype', 'buffer' }) do
      vim.cmd.Mantle({ args = { 'disable', scope } })
      editor.check(mantle.status() == 'mantle off', 'the status says off', mantle.status())
      editor.wait('no server', function()
        return editor.server() == nil
      end)
      -- What is edited meanwhile is known when the server is back.
      if editor.line() == phrases.typed then
        editor.type('dd')
        editor.wait('the line is gone', function()
          return editor.line() ~= phrases.typed
        end)
      end
      vim.cmd.Mantle({ args = { 'toggle', scope } })
      editor.wait_for_server()
      editor.check(vim.startswith(mantle.status(), 'mantle'), 'the status names it', mantle.status())
      editor.check(mantle.status() ~= 'mantle off', 'the status says on', mantle.status())
    end
    editor.type_and_see(phrases.typed, phrases.rest)
  end,
}
