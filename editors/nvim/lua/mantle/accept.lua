--- Puts a suggestion, or the next word or line of it, into the buffer.
--- The text goes in the way a paste does: one undo step, and `.` repeats it.
local session = require('mantle.session')

local M = {}

--- Returns the piece of `rest` that `part` stands for; never empty when `rest` is not.
---@param rest string
---@param part mantle.Part
---@return string
function M.piece(rest, part)
  local piece = rest
  if part == 'word' then
    -- Blanks, then either letters or signs: `->`, `name`, `(` are words.
    piece = vim.fn.matchstr(rest, [[\v^\_s*%(\k+|%(\k|\_s)@!.%(%(\k|\_s)@!.)*)]])
  elseif part == 'line' then
    piece = rest:match('^\n?[^\n]*')
  end
  return piece ~= '' and piece or rest
end

--- Inserts a part of what is shown. Called in insert mode, outside of any mapping.
---@param part mantle.Part
function M.apply(part)
  local suggestion, rest = session.current()
  if not suggestion or not rest then
    return
  end
  vim.api.nvim_paste(M.piece(rest, part), false, -1)
  session.taken(suggestion)
end

---@param part mantle.Part
---@return string keys that make `apply` an undo step of its own
local function plug(part)
  return ('<Plug>(mantle-apply-%s)'):format(part)
end

--- Returns the keys with which a mapping takes `part`; nil when nothing is shown.
---@param part mantle.Part
---@return string?
function M.keys(part)
  return session.current() and plug(part) or nil
end

--- Takes `part` of what is shown, from anywhere in insert mode.
---@param part mantle.Part
---@return boolean taken false when nothing is shown
function M.take(part)
  local keys = M.keys(part)
  if not keys then
    return false
  end
  vim.api.nvim_feedkeys(vim.keycode(keys), 'im', false)
  return true
end

--- Makes the keys that `keys` returns.
function M.define_plugs()
  for _, part in ipairs({ 'all', 'word', 'line' }) do
    local call = ('<Cmd>lua require("mantle.accept").apply("%s")<CR>'):format(part)
    -- CTRL-G u ends an undo step: one before, so that what was typed is left alone, one after.
    vim.keymap.set('i', plug(part), '<C-g>u' .. call .. '<C-g>u', {
      silent = true,
      desc = 'mantle: insert the suggestion (' .. part .. ')',
    })
  end
end

return M
