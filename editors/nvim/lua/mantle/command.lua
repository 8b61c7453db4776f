--- The command `:Mantle`.
local client = require('mantle.client')
local program = require('mantle.program')
local switch = require('mantle.switch')

local M = {}

local SCOPES = { 'global', 'buffer', 'filetype' }

---@param message string
---@param level? integer
local function notify(message, level)
  vim.notify('mantle: ' .. message, level or vim.log.levels.INFO)
end

--- Reads the words after `enable`, `disable` and `toggle`.
---@param words string[]
---@return mantle.Scope? scope nil when they make no sense; the user has been told
---@return string? filetype
local function scope_of(words)
  local scope = words[2] or 'global'
  if not vim.tbl_contains(SCOPES, scope) then
    notify(('no scope "%s"; there are %s'):format(scope, table.concat(SCOPES, ', ')), vim.log.levels.ERROR)
    return nil
  end
  return scope, words[3]
end

--- Opens `lines` in a window of their own that `q` closes.
---@param title string
---@param lines string[]
local function page(title, lines)
  local buf = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buf, 0, -1, false, lines)
  vim.bo[buf].modifiable = false
  vim.bo[buf].bufhidden = 'wipe'
  vim.cmd.split({ mods = { split = 'botright' } })
  vim.api.nvim_win_set_buf(0, buf)
  pcall(vim.api.nvim_buf_set_name, buf, title)
  vim.wo[0][0].wrap, vim.wo[0][0].number, vim.wo[0][0].relativenumber = false, false, false
  vim.api.nvim_win_set_height(0, math.min(#lines, math.floor(vim.o.lines / 2)))
  vim.keymap.set('n', 'q', '<Cmd>close<CR>', { buffer = buf, nowait = true })
end

---@param words string[]
local function report(words)
  local arguments = vim.list_extend({ 'report' }, vim.list_slice(words, 2))
  local code, output = program.run(arguments, 30000)
  if code ~= 0 then
    notify('no report: ' .. output, vim.log.levels.ERROR)
    return
  end
  page('mantle://report', vim.split(output, '\n'))
end

local function log()
  local path = program.newest_log()
  if not path then
    notify('no log in ' .. program.state_dir() .. '; Neovim keeps one too: ' .. vim.lsp.log.get_filename())
    return
  end
  vim.cmd.split({ path, mods = { split = 'botright' } })
  vim.bo.readonly = true
  vim.bo.autoread = true
  vim.cmd.normal({ 'G', bang = true })
end

local function status()
  local buf = vim.api.nvim_get_current_buf()
  local on, why = switch.is_on(buf)
  local lines = { on and 'on in this buffer' or 'off in this buffer: ' .. (why or '') }
  local server = client.of(buf)
  if server then
    local said = require('mantle.status').of(buf) or {}
    lines[#lines + 1] = 'server: '
      .. (said.state or 'running')
      .. (said.message and ', ' .. said.message or '')
    lines[#lines + 1] = 'project: ' .. (server.root_dir or 'none')
    if said.accepted and said.offered then
      lines[#lines + 1] = ('accepted: %d of %d offered'):format(said.accepted, said.offered)
    end
    if said.cost_usd then
      lines[#lines + 1] = 'cost: ' .. said.cost_usd .. ' USD'
    end
  elseif on then
    lines[#lines + 1] = 'server: ' .. (client.trouble() or 'not running yet')
  end
  local told = require('mantle.session').explanation()
  if told then
    lines[#lines + 1] = 'last suggestion: ' .. told
  end
  notify(table.concat(lines, '\n'))
end

---@type table<string, fun(words: string[])>
local commands = {
  status = status,
  log = log,
  report = report,
  restart = function()
    client.restart()
  end,
  trigger = function()
    require('mantle').trigger()
  end,
}
for _, name in ipairs({ 'enable', 'disable', 'toggle' }) do
  commands[name] = function(words)
    local scope, filetype = scope_of(words)
    if scope then
      local on = require('mantle')[name](scope, filetype)
      notify(on and 'enabled' or 'disabled')
    end
  end
end

---@param words string[] what follows `:Mantle`; nothing means `status`
function M.run(words)
  local name = words[1] or 'status'
  local command = commands[name]
  if not command then
    notify(
      ('no command "%s"; there are %s'):format(name, table.concat(M.names(), ', ')),
      vim.log.levels.ERROR
    )
    return
  end
  command(words)
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(commands)
  table.sort(names)
  return names
end

--- Completes the command line.
---@param lead string
---@param line string
---@return string[]
function M.complete(lead, line)
  local words = vim.split(vim.trim(line), '%s+')
  local place = #words - (lead ~= '' and 1 or 0)
  local choices = {}
  if place == 1 then
    choices = M.names()
  elseif place == 2 and vim.tbl_contains({ 'enable', 'disable', 'toggle' }, words[2]) then
    choices = SCOPES
  elseif place == 3 and words[3] == 'filetype' then
    choices = vim.fn.getcompletion(lead, 'filetype')
  end
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
end

return M
