--- The keys in insert mode. Each does its work only while a suggestion is shown; at any
--- other time it does what it did before: the user's own mapping, Neovim's, or the plain key.
local M = {}

local MARK = 'mantle: '

---@class mantle.Key
---@field lhs string
---@field earlier table<string, any> the mapping that stood there; empty for none

---@type table<string, mantle.Key> by name of the key
local installed = {}

---@type table<string, { what: string, press: fun(): string? }>
local actions = {
  accept = {
    what = 'accept the suggestion',
    press = function()
      return require('mantle.accept').keys('all')
    end,
  },
  accept_word = {
    what = 'accept the next word',
    press = function()
      return require('mantle.accept').keys('word')
    end,
  },
  accept_line = {
    what = 'accept the next line',
    press = function()
      return require('mantle.accept').keys('line')
    end,
  },
  dismiss = {
    what = 'dismiss the suggestion',
    press = function()
      return require('mantle.session').current() and '<Plug>(mantle-dismiss)' or nil
    end,
  },
  trigger = {
    what = 'ask for a suggestion',
    press = function()
      return '<Plug>(mantle-trigger)'
    end,
  },
}

---@param lhs string
---@return table<string, any> mapping empty for none
local function global_mapping(lhs)
  local raw = vim.keycode(lhs)
  for _, mapping in ipairs(vim.api.nvim_get_keymap('i')) do
    if mapping.lhsraw == raw or mapping.lhsrawalt == raw then
      return mapping
    end
  end
  return {}
end

---@param mapping table<string, any>
---@return boolean
local function is_ours(mapping)
  return type(mapping.desc) == 'string' and vim.startswith(mapping.desc, MARK)
end

--- Gives an earlier mapping a name of its own, with all its attributes, to fall back to.
---@param name string
---@param earlier table<string, any>
---@param lhs string
---@return string keys
local function fallback(name, earlier, lhs)
  if vim.tbl_isempty(earlier) then
    return lhs
  end
  local plug = ('<Plug>(mantle-else-%s)'):format(name)
  local copy = vim.deepcopy(earlier)
  copy.lhs, copy.lhsraw, copy.lhsrawalt = plug, vim.keycode(plug), nil
  vim.fn.mapset('i', false, copy)
  return plug
end

---@param name string
---@param lhs string
local function install(name, lhs)
  local action = actions[name]
  local earlier = global_mapping(lhs)
  local otherwise = fallback(name, earlier, lhs)
  -- Remapping is for the <Plug> names; a key that stands for itself is not mapped again.
  vim.keymap.set('i', lhs, function()
    return action.press() or otherwise
  end, { expr = true, remap = true, silent = true, desc = MARK .. action.what })
  installed[name] = { lhs = lhs, earlier = earlier }
end

--- Takes our keys away and puts back what stood there, unless somebody has mapped them since.
function M.remove()
  for _, key in pairs(installed) do
    if is_ours(global_mapping(key.lhs)) then
      vim.keymap.del('i', key.lhs)
      if not vim.tbl_isempty(key.earlier) then
        vim.fn.mapset('i', false, key.earlier)
      end
    end
  end
  installed = {}
end

--- Maps the keys; those that were mapped by an earlier call are given back first.
---@param keys mantle.Keys
function M.install(keys)
  M.remove()
  require('mantle.accept').define_plugs()
  vim.keymap.set('i', '<Plug>(mantle-dismiss)', '<Cmd>lua require("mantle").dismiss()<CR>', {
    desc = MARK .. 'dismiss',
  })
  vim.keymap.set('i', '<Plug>(mantle-trigger)', '<Cmd>lua require("mantle").trigger()<CR>', {
    desc = MARK .. 'trigger',
  })
  for name in pairs(actions) do
    local lhs = keys[name]
    if lhs then
      install(name, lhs)
    end
  end
end

---@class mantle.Conflict
---@field key string
---@field lhs string
---@field where string

--- Returns the keys that do not reach us: mapped over since, or in a buffer of its own.
---@param bufs integer[] the buffers to look at
---@return mantle.Conflict[]
function M.conflicts(bufs)
  local found = {}
  for name, key in pairs(installed) do
    local mapping = global_mapping(key.lhs)
    if not is_ours(mapping) then
      found[#found + 1] = { key = name, lhs = key.lhs, where = 'another global mapping' }
    end
    local raw = vim.keycode(key.lhs)
    for _, buf in ipairs(bufs) do
      for _, own in ipairs(vim.api.nvim_buf_get_keymap(buf, 'i')) do
        if own.lhsraw == raw or own.lhsrawalt == raw then
          found[#found + 1] = { key = name, lhs = key.lhs, where = ('a mapping of buffer %d'):format(buf) }
        end
      end
    end
  end
  table.sort(found, function(a, b)
    return a.key .. a.where < b.key .. b.where
  end)
  return found
end

return M
