--- `:checkhealth mantle`: why does it not work?
local client = require('mantle.client')
local config = require('mantle.config')
local keys = require('mantle.keys')
local program = require('mantle.program')
local status = require('mantle.status')
local switch = require('mantle.switch')

local M = {}

local health = vim.health

local function editor()
  health.start('Neovim')
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. version)
  else
    health.error('Neovim ' .. version .. ' is too old', 'Mantle needs 0.11 or later')
  end
  local others = {}
  for module, name in pairs({
    ['copilot.suggestion'] = 'copilot.lua',
    ['supermaven-nvim.completion_preview'] = 'supermaven-nvim',
    ['minuet.virtualtext'] = 'minuet-ai.nvim',
  }) do
    if package.loaded[module] then
      others[#others + 1] = name
    end
  end
  if vim.g.loaded_copilot == 1 then
    others[#others + 1] = 'copilot.vim'
  end
  if #others > 0 then
    table.sort(others)
    health.warn(
      'Other plugins show ghost text too: ' .. table.concat(others, ', '),
      'Two suggestions in one place hide each other; turn one of them off'
    )
  end
end

local function configuration()
  health.start('Configuration')
  if #config.problems == 0 then
    health.ok('Every option is valid')
  end
  for _, problem in ipairs(config.problems) do
    health.error(problem, 'Counts as not written; see :help mantle-config')
  end
end

local function binary()
  health.start('Program')
  local name = config.settings.cmd[1]
  local path = vim.fn.exepath(name)
  if path == '' then
    health.error(('`%s` was not found'):format(name), {
      'Install the program `mantle` and put it on PATH',
      'Or name it: require("mantle").setup({ cmd = "/path/to/mantle" })',
      'Then :Mantle restart',
    })
    return
  end
  local code, version = program.run({ '--version' }, 5000)
  if code ~= 0 then
    health.error(('%s does not run: %s'):format(path, version))
    return
  end
  health.ok(('%s (%s)'):format(version, path))
  health.info('State and logs: ' .. program.state_dir())
  local found, said = program.run({ 'doctor' }, 20000)
  local report = said:gsub('\27%[[%d;]*m', '')
  if found == 0 then
    health.ok('`mantle doctor` found nothing wrong:\n' .. report)
  elseif found then
    health.warn(('`mantle doctor` ended with code %d:\n%s'):format(found, report))
  else
    health.warn(report)
  end
end

--- Returns the loaded buffers that a server of ours serves.
---@return integer[]
local function served()
  return vim.tbl_filter(function(buf)
    return vim.api.nvim_buf_is_loaded(buf) and client.of(buf) ~= nil
  end, vim.api.nvim_list_bufs())
end

local function servers()
  health.start('Server')
  local trouble = client.trouble()
  if trouble then
    health.error('Not running: ' .. trouble)
  end
  local running = client.all()
  for _, server in ipairs(running) do
    local bufs = vim.tbl_keys(server.attached_buffers)
    table.sort(bufs)
    local names = vim.tbl_map(function(buf)
      return ('%d (%s)'):format(buf, vim.fn.fnamemodify(vim.api.nvim_buf_get_name(buf), ':~:.'))
    end, bufs)
    local of = #names > 0 and table.concat(names, ', ') or 'no buffer'
    health.ok(('Client %d serves %s; project %s'):format(server.id, of, server.root_dir or 'none'))
    if not server.server_capabilities.inlineCompletionProvider then
      health.error('This server offers no inline completions', 'Is `cmd` really Mantle?')
    end
  end
  if #running == 0 and not trouble then
    health.info('Not running: it starts with the first file that it is on for')
  end
  for _, buf in ipairs(served()) do
    local said = status.of(buf)
    if said and (said.state == 'warning' or said.state == 'error') then
      health.warn(('Buffer %d: the server says %s: %s'):format(buf, said.state, said.message or ''))
    end
  end
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    local on, why = switch.is_on(buf)
    if not on and vim.api.nvim_buf_is_loaded(buf) and vim.bo[buf].buftype == '' and vim.bo[buf].buflisted then
      health.info(('Off in buffer %d: %s'):format(buf, why or ''))
    end
  end
end

local function mappings()
  health.start('Keys')
  local conflicts = keys.conflicts(served())
  for _, conflict in ipairs(conflicts) do
    health.warn(
      ('%s (%s) does not reach Mantle: %s takes it'):format(conflict.lhs, conflict.key, conflict.where),
      ('Choose another key: setup({ keys = { %s = "..." } })'):format(conflict.key)
    )
  end
  if #conflicts == 0 then
    health.ok('Every key reaches Mantle')
  end
end

function M.check()
  editor()
  configuration()
  binary()
  servers()
  mappings()
end

return M
