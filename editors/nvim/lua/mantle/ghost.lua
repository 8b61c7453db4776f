--- Draws the text of a suggestion at the cursor: the first line within the line, so that
--- what follows the cursor moves aside, the others below it. There is one ghost at a time.
local api = vim.api

local M = {}

local namespace = api.nvim_create_namespace('mantle.ghost')
local GROUP = 'MantleGhost'

---@type integer? the buffer that holds the ghost
local holder = nil

function M.define_highlight()
  api.nvim_set_hl(0, GROUP, { link = 'Comment', default = true })
end

--- Returns `line` with tabs as the spaces they take when it begins at screen column `column`:
--- virtual text would show them as ^I.
---@param line string
---@param column integer
---@return string
local function without_tabs(line, column)
  if not line:find('\t') then
    return line
  end
  local pieces = {}
  for piece, tab in line:gmatch('([^\t]*)(\t?)') do
    pieces[#pieces + 1] = piece
    column = column + vim.fn.strdisplaywidth(piece, column)
    if tab ~= '' then
      local width = vim.fn.strdisplaywidth('\t', column)
      pieces[#pieces + 1] = (' '):rep(width)
      column = column + width
    end
  end
  return table.concat(pieces)
end

--- Draws `text` at the cursor of the current window, in place of what was drawn before.
---@param text string
function M.draw(text)
  M.clear()
  local buf = api.nvim_get_current_buf()
  local cursor = api.nvim_win_get_cursor(0)
  local before = api.nvim_get_current_line():sub(1, cursor[2])
  local lines = vim.split(text, '\n', { plain = true })
  local below = {}
  for i = 2, #lines do
    -- A line of nothing needs a blank, or it would not take its row.
    local line = lines[i] == '' and ' ' or without_tabs(lines[i], 0)
    below[#below + 1] = { { line, GROUP } }
  end
  api.nvim_buf_set_extmark(buf, namespace, cursor[1] - 1, cursor[2], {
    virt_text = { { without_tabs(lines[1], vim.fn.strdisplaywidth(before)), GROUP } },
    virt_text_pos = 'inline',
    virt_lines = #below > 0 and below or nil,
    virt_lines_overflow = 'scroll',
    hl_mode = 'combine',
    undo_restore = false,
  })
  holder = buf
end

function M.clear()
  if holder and api.nvim_buf_is_valid(holder) then
    api.nvim_buf_clear_namespace(holder, namespace, 0, -1)
  end
  holder = nil
end

--- Says whether a ghost is drawn.
---@return boolean
function M.is_drawn()
  return holder ~= nil
end

return M
