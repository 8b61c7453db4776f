--- What the server last said of itself, and one short line of it for a status line.
--- A server that never sends `mantle/status` is shown by name only.
local client = require('mantle.client')
local switch = require('mantle.switch')

local M = {}

---@type table<integer, mantle.ServerStatus> by client id
local latest = {}

---@param value unknown
---@return integer? count
local function count(value)
  return type(value) == 'number' and math.floor(value) or nil
end

---@param value unknown
---@return string? text
local function text(value)
  return type(value) == 'string' and value ~= '' and value or nil
end

--- Takes what the server sent. Anything in it that is not as agreed is left out.
---@param client_id integer
---@param params unknown
function M.receive(client_id, params)
  if type(params) ~= 'table' then
    return
  end
  latest[client_id] = {
    state = text(params.state),
    message = text(params.message),
    accepted = count(params.accepted),
    offered = count(params.offered),
    cost_usd = text(params.cost_usd),
  }
  vim.api.nvim_exec_autocmds('User', { pattern = 'MantleStatus', modeline = false })
  vim.cmd.redrawstatus()
end

---@param client_id integer
function M.forget(client_id)
  latest[client_id] = nil
end

--- Returns the last account of the server that serves `buf`.
---@param buf integer
---@return mantle.ServerStatus?
function M.of(buf)
  local server = client.of(buf)
  return server and latest[server.id]
end

--- Returns a decimal amount without the zeros that say nothing; nil for none at all.
---@param amount string?
---@return string?
local function cost(amount)
  if not amount or not amount:find('[1-9]') then
    return nil
  end
  local trimmed = amount:find('%.') and amount:gsub('0+$', ''):gsub('%.$', '') or amount
  return '$' .. trimmed
end

--- Returns a line such as `mantle 3/12 $0.0004`: accepted of offered, and what they cost.
---@param buf? integer the current one when nil
---@return string
function M.line(buf)
  buf = (buf == nil or buf == 0) and vim.api.nvim_get_current_buf() or buf
  if not switch.is_on(buf) then
    return 'mantle off'
  end
  local server = client.of(buf)
  if not server then
    return client.trouble() and 'mantle !' or 'mantle ..'
  end
  local status = latest[server.id]
  if not status then
    return 'mantle'
  end
  local words = { 'mantle' }
  if status.state and status.state ~= 'ready' then
    words[#words + 1] = status.state
  end
  if status.accepted and status.offered then
    words[#words + 1] = ('%d/%d'):format(status.accepted, status.offered)
  end
  words[#words + 1] = cost(status.cost_usd)
  return table.concat(words, ' ')
end

return M
