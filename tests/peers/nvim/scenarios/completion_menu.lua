--- The ghost makes way for the completion menu and comes back when that is closed.
local phrases = require('phrases')

return {
  play = function(editor)
    local ghost = editor.type_and_see(phrases.typed, phrases.rest)
    vim.o.completeopt = 'menuone,noinsert'
    editor.type('<C-n>')
    editor.wait('the menu', function()
      return vim.fn.pumvisible() == 1
    end)
    editor.wait('no ghost beside the menu', function()
      return editor.ghost() == nil
    end)
    editor.type('<C-e>')
    editor.wait('the ghost again', function()
      return vim.fn.pumvisible() == 0 and editor.ghost() == ghost
    end)
  end,
}
