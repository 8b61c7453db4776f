--- The connection to `mantle lsp`: started for the first file that wants it, shared by
--- the files of one project, started again a few times when it dies, and then left alone.
--- Also what is told to the server about a suggestion; what to suggest is asked in `session`.
local config = require('mantle.config')
local follow = require('mantle.follow')
local switch = require('mantle.switch')

local M = {}

M.NAME = 'mantle'

--- Waits before each new start, in milliseconds; after the last one it stays down.
local RESTARTS = { 250, 1000, 3000 }
--- A server that ran for this long was well: its next death counts as its first.
local WELL_AFTER_MS = 60000

--- Called with what the server says of itself.
---@type fun(client_id: integer, params: unknown)
M.on_status = function() end
--- Called when a server has gone, for whatever reason.
---@type fun(client_id: integer)
M.on_gone = function() end

---@type string? why no server is running although one is wanted
local trouble = nil
local deaths = 0
local started_at = 0
---@type table<integer, true> clients that run or are about to
local ours = {}
---@type table<integer, string> by buffer, the filetype that the server was told
local told_filetype = {}
local leaving = false

---@param message string
---@param level integer
local function notify(message, level)
  vim.schedule(function()
    vim.notify('mantle: ' .. message, level)
  end)
end

--- Remembers why there is no server, and says so once.
---@param why string
local function give_up(why)
  if trouble ~= why then
    trouble = why
    notify(why, vim.log.levels.ERROR)
  end
end

--- Returns why no server is running although one is wanted.
---@return string?
function M.trouble()
  return trouble
end

--- Returns the running server of `buf`.
---@param buf? integer the current one when nil
---@return vim.lsp.Client?
function M.of(buf)
  for _, running in ipairs(vim.lsp.get_clients({ name = M.NAME, bufnr = buf or 0 })) do
    if ours[running.id] and not running:is_stopped() then
      return running
    end
  end
end

--- Returns every server of ours that runs.
---@return vim.lsp.Client[]
function M.all()
  return vim.tbl_filter(function(running)
    return ours[running.id] == true
  end, vim.lsp.get_clients({ name = M.NAME }))
end

---@return vim.lsp.ClientCapabilities
local function capabilities()
  local all = vim.lsp.protocol.make_client_capabilities()
  all.textDocument.inlineCompletion = { dynamicRegistration = false }
  -- One encoding everywhere: the server counts in UTF-16 for every other client too.
  all.general.positionEncodings = { 'utf-16' }
  return all
end

---@param code integer
---@param signal integer
---@param client_id integer
local function went(code, signal, client_id)
  M.on_gone(client_id)
  local wanted = ours[client_id] and not leaving
  ours[client_id] = nil
  if not wanted then
    return
  end
  if vim.uv.now() - started_at > WELL_AFTER_MS then
    deaths = 0
  end
  deaths = deaths + 1
  local wait = RESTARTS[deaths]
  if not wait then
    give_up(
      ('the server stopped %d times (last exit code %d, signal %d). '):format(deaths, code, signal)
        .. 'See :Mantle log; :Mantle restart tries again.'
    )
    return
  end
  vim.defer_fn(function()
    if not leaving and not trouble then
      M.attach_all()
    end
  end, wait)
end

---@param buf integer
---@return vim.lsp.ClientConfig
local function server(buf)
  return {
    name = M.NAME,
    cmd = config.command('lsp'),
    root_dir = vim.fs.root(buf, config.settings.root_markers),
    capabilities = capabilities(),
    init_options = { client = 'mantle.nvim', explain = config.settings.explain },
    handlers = {
      ['mantle/status'] = function(_, params, context)
        M.on_status(context.client_id, params)
      end,
    },
    on_exit = function(code, signal, client_id)
      vim.schedule(function()
        went(code, signal, client_id)
      end)
    end,
  }
end

---@param running vim.lsp.Client
---@param wanted vim.lsp.ClientConfig
---@return boolean
local function serves(running, wanted)
  return ours[running.id] == true and not running:is_stopped() and running.root_dir == wanted.root_dir
end

--- Connects `buf` to its project's server and starts that when there is none yet.
--- Says once, in words that help, when it cannot be started.
---@param buf integer
function M.attach(buf)
  if trouble or leaving then
    return
  end
  local filetype = vim.bo[buf].filetype
  local running = M.of(buf)
  if running and told_filetype[buf] == filetype then
    return
  end
  if running then
    vim.lsp.buf_detach_client(buf, running.id)
  end
  local program = config.settings.cmd[1]
  if vim.fn.executable(program) == 0 then
    give_up(
      ('the program `%s` was not found. Install it and put it on PATH, '):format(program)
        .. 'or name it in the option `cmd`; then :Mantle restart. More in :checkhealth mantle.'
    )
    return
  end
  started_at = vim.uv.now()
  local id = vim.lsp.start(server(buf), { bufnr = buf, silent = true, reuse_client = serves })
  if not id then
    give_up(('the program `%s` could not be started. More in :checkhealth mantle.'):format(program))
    return
  end
  ours[id] = true
  told_filetype[buf] = filetype
  if vim.lsp.inline_completion then
    -- Neovim's own ghost text, where the user has it on, would stand beside ours.
    vim.lsp.inline_completion.enable(false, { client_id = id })
  end
end

---@param buf integer
function M.detach(buf)
  local running = M.of(buf)
  told_filetype[buf] = nil
  if running then
    follow.watch(buf, M.of)
    vim.lsp.buf_detach_client(buf, running.id)
  end
end

--- Connects or disconnects `buf`, as its switches stand.
---@param buf integer
function M.refresh(buf)
  if not vim.api.nvim_buf_is_loaded(buf) then
    return
  end
  if switch.is_on(buf) then
    M.attach(buf)
  else
    M.detach(buf)
  end
end

--- Connects or disconnects every buffer, as the switches stand.
function M.attach_all()
  for _, buf in ipairs(vim.api.nvim_list_bufs()) do
    M.refresh(buf)
  end
end

--- Stops every server for good; those files stay unserved until the next `attach`.
function M.stop()
  local stopping = ours
  ours, told_filetype = {}, {}
  for id in pairs(stopping) do
    local running = vim.lsp.get_client_by_id(id)
    if running then
      running:stop()
    end
  end
end

--- Starts afresh: past failures do not count any more.
function M.restart()
  M.stop()
  trouble, deaths = nil, 0
  -- The old server may still be saying goodbye; a new one does not wait for it.
  vim.schedule(M.attach_all)
end

--- Keeps a server that ends with the editor from being started again.
function M.leave()
  leaving = true
end

--- Tells the server that `item` is on the screen.
---@param running vim.lsp.Client
---@param item mantle.Item
function M.shown(running, item)
  running:notify('textDocument/didShowCompletion', { item = item })
end

--- Tells the server that the user waved `item` away.
---@param running vim.lsp.Client
---@param item mantle.Item
function M.rejected(running, item)
  running:notify('textDocument/didRejectCompletion', { item = item })
end

--- Tells the server that the first `length` UTF-16 units of `item`'s text are in the buffer.
---@param running vim.lsp.Client
---@param item mantle.Item
---@param length integer
function M.partly_accepted(running, item, length)
  running:notify('textDocument/didPartiallyAcceptCompletion', { item = item, acceptedLength = length })
end

--- Tells the server that all of `item` is in `buf`, by the command that it gave for that.
---@param running vim.lsp.Client
---@param item mantle.Item
---@param buf integer
function M.accepted(running, item, buf)
  local command = item.command
  if command then
    running:request('workspace/executeCommand', {
      command = command.command,
      arguments = command.arguments,
    }, function() end, buf)
  end
end

return M
