--- What users and other plugins call. Everything else in this folder is free to change.
local M = {}

local is_started = false

--- Says what is wrong with the options, once, in one message.
---@param problems string[]
local function complain(problems)
  if #problems > 0 then
    local more = #problems > 1 and (' (and %d more)'):format(#problems - 1) or ''
    vim.notify(('mantle: %s%s; see :checkhealth mantle'):format(problems[1], more), vim.log.levels.WARN)
  end
end

local function define_autocommands()
  local session = require('mantle.session')
  local client = require('mantle.client')
  local group = vim.api.nvim_create_augroup('mantle', {})
  local on = function(events, callback)
    vim.api.nvim_create_autocmd(events, { group = group, callback = callback })
  end
  on({ 'TextChangedI', 'TextChangedP', 'CursorMovedI' }, session.on_change)
  -- The mode, the menu and the recording change only after these have run.
  on(
    { 'InsertEnter', 'CompleteDone', 'RecordingEnter', 'RecordingLeave' },
    vim.schedule_wrap(session.on_change)
  )
  on('LspAttach', function(event)
    if client.of(event.buf) and event.buf == vim.api.nvim_get_current_buf() then
      -- What was typed while the server came up had nobody to ask.
      session.look_again()
    end
  end)
  on({ 'InsertLeave', 'BufLeave', 'WinLeave' }, session.stop)
  -- Later than the detection of the filetype, which answers to the same events.
  on(
    { 'BufReadPost', 'BufNewFile', 'BufFilePost', 'BufWritePost', 'FileType' },
    vim.schedule_wrap(function(event)
      client.refresh(event.buf)
    end)
  )
  on('ColorScheme', require('mantle.ghost').define_highlight)
  on('VimLeavePre', client.leave)
end

--- Sets the options and starts. Not needed when the defaults, or those in `vim.g.mantle`, will do.
---@param options? mantle.Options
function M.setup(options)
  local problems = require('mantle.config').use(options or {})
  complain(problems)
  if is_started then
    require('mantle.switch').reset()
    require('mantle.keys').install(require('mantle.config').settings.keys)
    require('mantle.client').restart()
  elseif vim.v.vim_did_enter == 1 then
    M.start()
  end
  M.is_set_up = true
end

--- Starts with the options that are in force. Does nothing the second time.
function M.start()
  if is_started then
    return
  end
  if vim.fn.has('nvim-0.11') == 0 then
    vim.notify('mantle: Neovim 0.11 or later is needed', vim.log.levels.ERROR)
    return
  end
  is_started = true
  local config = require('mantle.config')
  if not M.is_set_up then
    complain(config.use())
  end
  local client = require('mantle.client')
  local status = require('mantle.status')
  client.on_status = status.receive
  client.on_gone = function(client_id)
    require('mantle.session').on_gone(client_id)
    status.forget(client_id)
  end
  require('mantle.ghost').define_highlight()
  define_autocommands()
  require('mantle.keys').install(config.settings.keys)
  client.attach_all()
end

---@param scope? mantle.Scope
---@param subject? integer|string
---@return mantle.Scope, integer|string
local function subject_of(scope, subject)
  scope = scope or 'global'
  if scope == 'buffer' and (subject == nil or subject == 0) then
    subject = vim.api.nvim_get_current_buf()
  elseif scope == 'filetype' and subject == nil then
    subject = vim.bo.filetype
  end
  return scope, subject or 0
end

---@param scope mantle.Scope
---@param subject integer|string
---@param on boolean
---@return boolean on
local function set(scope, subject, on)
  require('mantle.switch').set(scope, subject, on)
  local client = require('mantle.client')
  if on and client.trouble() then
    client.restart()
  else
    client.attach_all()
  end
  require('mantle.session').stop()
  vim.cmd.redrawstatus()
  return on
end

--- Turns Mantle on: everywhere, in a buffer, or for a filetype.
---@param scope? mantle.Scope 'global' when nil
---@param subject? integer|string the buffer or the filetype; the current one when nil
---@return boolean on
function M.enable(scope, subject)
  local where, what = subject_of(scope, subject)
  return set(where, what, true)
end

--- Turns Mantle off. The server is no longer told of the files that this is about.
---@param scope? mantle.Scope 'global' when nil
---@param subject? integer|string the buffer or the filetype; the current one when nil
---@return boolean on
function M.disable(scope, subject)
  local where, what = subject_of(scope, subject)
  return set(where, what, false)
end

--- Turns Mantle off where it is on, and on where it is off.
---@param scope? mantle.Scope 'global' when nil
---@param subject? integer|string the buffer or the filetype; the current one when nil
---@return boolean on
function M.toggle(scope, subject)
  local where, what = subject_of(scope, subject)
  return set(where, what, not require('mantle.switch').stands_at(where, what))
end

--- Accepts all of what is shown. For mappings of your own: does nothing and returns
--- false when nothing is shown, so that the mapping can do something else.
---@return boolean accepted
function M.accept()
  return require('mantle.accept').take('all')
end

--- Accepts the next word of what is shown.
---@return boolean accepted
function M.accept_word()
  return require('mantle.accept').take('word')
end

--- Accepts the next line of what is shown.
---@return boolean accepted
function M.accept_line()
  return require('mantle.accept').take('line')
end

--- Dismisses what is shown.
---@return boolean dismissed
function M.dismiss()
  return require('mantle.session').dismiss()
end

--- Asks for a suggestion now.
function M.trigger()
  require('mantle.session').trigger()
end

--- Says whether a suggestion is shown.
---@return boolean
function M.is_visible()
  return require('mantle.session').current() ~= nil
end

--- Returns a short line for a status line, such as `mantle 3/12 $0.0004`.
---@param buf? integer
---@return string
function M.status(buf)
  return require('mantle.status').line(buf)
end

return M
