--- Whether Mantle is on in a buffer, and why not. An answer is looked for in this
--- order: the buffer cannot be helped, off everywhere, the buffer's own switch, its filetype's.
local config = require('mantle.config')

local M = {}

---@type boolean? nil until somebody says; then the configuration does not count any more
local everywhere = nil
---@type table<string, boolean> what was said since the start, by filetype
local by_filetype = {}

---@param buf integer
---@return string? why this buffer is nothing a server should hear of
local function unfit(buf)
  if not vim.api.nvim_buf_is_loaded(buf) then
    return 'the buffer is not loaded'
  end
  if vim.bo[buf].buftype ~= '' then
    return ('it is not a file (buftype is %s)'):format(vim.bo[buf].buftype)
  end
  local name = vim.api.nvim_buf_get_name(buf)
  if name == '' then
    return 'it has no file name yet'
  end
  if name:find('^%a[%w+.-]+://') then
    return 'it is not on this machine'
  end
  if not vim.bo[buf].modifiable then
    return 'it cannot be changed'
  end
  local bytes = vim.api.nvim_buf_get_offset(buf, vim.api.nvim_buf_line_count(buf))
  if bytes > config.settings.max_file_bytes then
    return ('it is larger than %d bytes (max_file_bytes)'):format(config.settings.max_file_bytes)
  end
end

---@param filetype string
---@return boolean
local function wants_filetype(filetype)
  local said = by_filetype[filetype]
  if said == nil then
    said = config.settings.filetypes[filetype]
  end
  if said == nil then
    said = config.settings.filetypes['*']
  end
  return said ~= false
end

---@return boolean
local function is_on_everywhere()
  if everywhere == nil then
    return config.settings.enabled
  end
  return everywhere
end

--- Says whether Mantle is on in `buf`, and if not, why.
---@param buf integer
---@return boolean on
---@return string? why
function M.is_on(buf)
  if not is_on_everywhere() then
    return false, 'it is disabled everywhere (:Mantle enable)'
  end
  local why = unfit(buf)
  if why then
    return false, why
  end
  local own = vim.b[buf].mantle_enabled
  if own == false then
    return false, 'it is disabled in this buffer (:Mantle enable buffer)'
  end
  local filetype = vim.bo[buf].filetype
  if own == nil and not wants_filetype(filetype) then
    return false, ('it is disabled for filetype "%s" (:Mantle enable filetype)'):format(filetype)
  end
  return true
end

--- Says what a switch stands at, whatever the others say.
---@param scope mantle.Scope
---@param subject integer|string the buffer, or the filetype
---@return boolean
function M.stands_at(scope, subject)
  if scope == 'filetype' then
    return wants_filetype(subject --[[@as string]])
  elseif scope == 'buffer' then
    return vim.b[subject].mantle_enabled ~= false
  end
  return is_on_everywhere()
end

---@param scope mantle.Scope
---@param subject integer|string the buffer, or the filetype
---@param on boolean
function M.set(scope, subject, on)
  if scope == 'filetype' then
    by_filetype[subject] = on
  elseif scope == 'buffer' then
    vim.b[subject].mantle_enabled = on
  else
    everywhere = on
  end
end

--- Forgets what was said since the start, so that the configuration counts again.
function M.reset()
  everywhere = nil
  by_filetype = {}
end

return M
