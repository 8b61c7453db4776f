--- setup() may come late, replaces what was in force, and names what is wrong with it.
local phrases = require('phrases')

return {
  play = function(editor)
    local mantle = require('mantle')
    editor.wait_for_server()
    vim.keymap.set('i', '<C-y>', 'mine')
    mantle.setup({
      cmd = vim.env.MANTLE_BIN,
      delay = 'soon',
      keys = { accept = '<C-y>', accept_word = false },
    })
    editor.check(#editor.messages == 1, 'one message', editor.messages)
    editor.check(editor.messages[1]:find('`delay`', 1, true) ~= nil, 'it names the option', editor.messages)
    vim.cmd.checkhealth('mantle')
    editor.check(table.concat(editor.lines(), '\n'):find('`delay`', 1, true) ~= nil, 'checkhealth names it')
    vim.cmd.tabclose()
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    local row = editor.row()
    editor.type('<C-y>')
    editor.wait_for_text(row, phrases.typed .. ghost)
    editor.type('<Esc>Go<C-y>')
    editor.wait("the user's own mapping", function()
      return editor.line() == 'mine'
    end)
  end,
}
