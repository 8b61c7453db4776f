if vim.g.loaded_mantle then
  return
end
vim.g.loaded_mantle = true

vim.api.nvim_create_user_command('Mantle', function(call)
  require('mantle.command').run(call.fargs)
end, {
  nargs = '*',
  desc = 'Control Mantle and look at what it does',
  complete = function(...)
    return require('mantle.command').complete(...)
  end,
})

-- The user's own files have all been read by then, so that setup() may stand in any of them.
if vim.v.vim_did_enter == 1 then
  require('mantle').start()
else
  vim.api.nvim_create_autocmd('VimEnter', {
    once = true,
    callback = function()
      require('mantle').start()
    end,
  })
end
