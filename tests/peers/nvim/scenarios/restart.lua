--- A server that is killed comes back by itself, and so do the suggestions.
local phrases = require('phrases')

return {
  play = function(editor)
    editor.type_and_see(phrases.typed, phrases.rest)
    -- Half a line above would be an odd example for the same line again.
    editor.type('<Esc>dd')
    local first = editor.server().id
    for _, pid in ipairs(vim.api.nvim_get_proc_children(vim.fn.getpid())) do
      vim.uv.kill(pid, 'sigkill')
    end
    editor.wait('another server', function()
      local server = editor.server()
      return server and server.id ~= first
    end)
    editor.type_and_see(phrases.typed, phrases.rest)
  end,
}
