--- The one suggestion that may be on the screen, and the one question that may be under
--- way for the next. Called after every key; everything about *when* is in this file.
local client = require('mantle.client')
local config = require('mantle.config')
local ghost = require('mantle.ghost')
local Suggestion = require('mantle.suggestion')
local switch = require('mantle.switch')

local api = vim.api
local M = {}

local INVOKED, AUTOMATIC = 1, 2

---@class mantle.Question
---@field client vim.lsp.Client
---@field request integer
---@field place string where the cursor and the text stood

---@type mantle.Suggestion?
local suggestion = nil
---@type mantle.Question?
local question = nil
---@type string? the place that was last looked at
local seen = nil
---@type mantle.Explanation? that of the suggestion shown last
local explained = nil
local timer = assert(vim.uv.new_timer())
--- Rises with every stop, so that a call which the timer had already queued does nothing.
local turn = 0

--- Returns what a change of text, cursor or buffer changes.
---@return string
local function place()
  local buf = api.nvim_get_current_buf()
  local cursor = api.nvim_win_get_cursor(0)
  return ('%d %d %d:%d'):format(buf, api.nvim_buf_get_changedtick(buf), cursor[1], cursor[2])
end

--- Says whether a ghost may stand here now. Not under the completion menu, which would fight
--- it for the same columns and keys, and not in a macro, which could not play it back.
---@return boolean
local function has_room()
  return api.nvim_get_mode().mode:sub(1, 1) == 'i'
    and vim.fn.pumvisible() == 0
    and vim.fn.reg_recording() == ''
    and vim.fn.reg_executing() == ''
    and not vim.b.mantle_hidden
end

--- Calls the question off, whether it waits for its time or for its answer.
local function call_off()
  turn = turn + 1
  timer:stop()
  if question then
    question.client:cancel_request(question.request)
    question = nil
  end
end

--- Lets go of the suggestion; the server hears nothing of it.
local function forget()
  ghost.clear()
  if suggestion then
    suggestion:close()
    suggestion = nil
  end
end

--- Draws what is left of the suggestion, and tells the server the first time.
---@param rest string
local function show(rest)
  ghost.draw(rest)
  if suggestion and not suggestion.is_told then
    suggestion.is_told = true
    explained = suggestion.item.data
    local running = suggestion:client()
    if running then
      client.shown(running, suggestion.item)
    end
  end
end

---@param asked mantle.Question
---@param kind integer
---@param err lsp.ResponseError?
---@param answer unknown
local function answered(asked, kind, err, answer)
  if question ~= asked then
    return
  end
  question = nil
  if asked.place ~= place() or not has_room() then
    return
  end
  forget()
  suggestion = not err and Suggestion.from(asked.client, answer) or nil
  local rest = suggestion and suggestion:rest()
  if rest then
    show(rest)
  elseif kind == INVOKED then
    api.nvim_echo({ { 'mantle: nothing to suggest here' } }, false, {})
  end
end

---@param running vim.lsp.Client
---@param kind integer
local function ask(running, kind)
  local buf = api.nvim_get_current_buf()
  local params = vim.lsp.util.make_position_params(0, running.offset_encoding)
  ---@cast params table
  -- What didChange carries as the version; it is sent ahead of the request.
  params.textDocument.version = api.nvim_buf_get_changedtick(buf)
  params.context = { triggerKind = kind }
  ---@type mantle.Question
  local asked = { client = running, request = 0, place = place() }
  local sent, request = running:request('textDocument/inlineCompletion', params, function(err, answer)
    answered(asked, kind, err, answer)
  end, buf)
  if sent and request then
    asked.request = request
    question = asked
  end
end

--- Asks when the delay is over, unless another key comes first.
local function ask_soon()
  local mine = turn
  local function due()
    if turn ~= mine or not has_room() then
      return
    end
    local running = client.of()
    if running and switch.is_on(api.nvim_get_current_buf()) then
      ask(running, AUTOMATIC)
    end
  end
  timer:start(config.settings.delay, 0, vim.schedule_wrap(due))
end

--- Returns the suggestion on the screen and what is left of it, as the buffer stands now.
---@return mantle.Suggestion?
---@return string? rest never empty
function M.current()
  if not suggestion or not has_room() or not ghost.is_drawn() then
    return nil
  end
  local rest = suggestion:rest()
  if rest and rest ~= '' then
    return suggestion, rest
  end
end

--- Returns why the server offered what was shown last, when it was asked to say so.
---@return string?
function M.explanation()
  local data = explained
  if type(data) ~= 'table' then
    return nil
  end
  local words = {}
  for _, name in ipairs({ 'source', 'tier', 'model', 'confidence', 'expected_cost', 'reason' }) do
    if data[name] ~= nil then
      words[#words + 1] = ('%s %s'):format(name:gsub('_', ' '), tostring(data[name]))
    end
  end
  return table.concat(words, ', ')
end

--- Follows a key: text typed, cursor moved, menu opened or closed.
function M.on_change()
  local now = place()
  if not has_room() then
    call_off()
    ghost.clear()
    seen = nil
    return
  end
  if now == seen then
    return
  end
  seen = now
  call_off()
  local rest = suggestion and suggestion:rest()
  if rest and rest ~= '' then
    show(rest)
    return
  end
  forget()
  if config.settings.automatic then
    ask_soon()
  end
end

--- Follows again what has been followed already: there is a server now.
function M.look_again()
  seen = nil
  M.on_change()
end

--- Ends all of it: insert mode was left, or the window.
function M.stop()
  call_off()
  forget()
  seen = nil
end

--- Asks at once, because the user wants it. Says why when that cannot be.
function M.trigger()
  local buf = api.nvim_get_current_buf()
  local on, why = switch.is_on(buf)
  local running = client.of(buf)
  if not on or not running then
    why = why or client.trouble() or 'the server is not running yet'
    vim.notify('mantle: nothing is asked: ' .. why, vim.log.levels.WARN)
    return
  end
  if not has_room() or M.current() then
    return
  end
  call_off()
  forget()
  seen = place()
  ask(running, INVOKED)
end

--- Waves the suggestion away and tells the server. Nothing is asked until the next key.
---@return boolean dismissed
function M.dismiss()
  local shown = M.current()
  if not shown then
    return false
  end
  local running = shown:client()
  if running then
    client.rejected(running, shown.item)
  end
  call_off()
  forget()
  seen = place()
  return true
end

--- Settles the suggestion after a part or all of it was put into the buffer.
---@param accepted mantle.Suggestion
function M.taken(accepted)
  call_off()
  local running = accepted:client()
  local rest = accepted:rest()
  if rest and rest ~= '' then
    if running then
      client.partly_accepted(running, accepted.item, accepted:done_length())
    end
    ghost.draw(rest)
    seen = place()
    return
  end
  if rest and running then
    client.accepted(running, accepted.item, accepted.buf)
  end
  -- The cursor has moved: the autocommands ask for what comes next.
  forget()
end

--- Lets go of what a server that has gone had offered or was asked.
---@param client_id integer
function M.on_gone(client_id)
  if question and question.client.id == client_id then
    question = nil
  end
  if suggestion and suggestion.client_id == client_id then
    forget()
  end
end

return M
