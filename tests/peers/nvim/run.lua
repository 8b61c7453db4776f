--- Runs one scenario of the plugin in a real editor and writes what came of it.
---
---   SCENARIO=accept_all MANTLE_BIN=... OUT=result.json nvim --headless --clean -S run.lua orders.py
---
--- The working folder is a copy of `workspace/`; XDG_STATE_HOME and XDG_CONFIG_HOME name
--- folders of this run. Keys go in through `nvim_input`, so mappings and events are the real ones.
local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
package.path = here .. '/?.lua;' .. package.path

local editor = require('editor')
local name = assert(vim.env.SCENARIO, 'SCENARIO is not set')
local scenario = dofile(vim.fs.joinpath(here, 'scenarios', name .. '.lua'))

local result = { scenario = name, passed = false, version = tostring(vim.version()) }

local function finish(failure)
  result.passed = failure == nil
  result.failure = failure
  result.notes = editor.notes
  result.messages = editor.messages
  local out = assert(io.open(assert(vim.env.OUT, 'OUT is not set'), 'w'))
  out:write(vim.json.encode(result))
  out:close()
  vim.cmd(failure and 'cquit!' or 'qall!')
end

editor.watch()
vim.opt.runtimepath:prepend(vim.fs.joinpath(here, '../../../editors/nvim'))
vim.g.mantle = scenario.options and scenario.options()
  or { cmd = assert(vim.env.MANTLE_BIN, 'MANTLE_BIN is not set') }
vim.cmd.runtime('plugin/mantle.lua')

vim.api.nvim_create_autocmd('VimEnter', {
  callback = vim.schedule_wrap(function()
    editor.play(scenario.play, finish)
  end),
})
