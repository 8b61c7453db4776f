--- One suggestion and the place it belongs to. It knows how much of its text already
--- stands in the buffer, typed or taken, and so how much is left; it draws nothing.
local api = vim.api

local anchors = api.nvim_create_namespace('mantle.anchor')

---@class mantle.Suggestion
---@field client_id integer
---@field item mantle.Item
---@field buf integer
---@field text string
---@field is_told boolean whether the server knows that it was on the screen
---@field private anchor integer the mark where the text begins
---@field private tail string what stood behind the cursor when it was asked for
local Suggestion = {}
Suggestion.__index = Suggestion

--- Returns the first item of an answer, whichever of the two allowed shapes it has.
---@param answer unknown
---@return mantle.Item?
local function first(answer)
  if type(answer) ~= 'table' then
    return nil
  end
  local item = (answer.items or answer)[1]
  return type(item) == 'table' and type(item.insertText) == 'string' and item or nil
end

--- Returns the suggestion in `answer` for the cursor of the current window. None when the
--- answer is empty, or when its item cannot be shown as a continuation at the cursor.
---@param client vim.lsp.Client
---@param answer unknown
---@return mantle.Suggestion?
function Suggestion.from(client, answer)
  local item = first(answer)
  if not item then
    return nil
  end
  local buf = api.nvim_get_current_buf()
  local cursor = api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  local start = column
  local range = item.range
  if range then
    local line = api.nvim_get_current_line()
    start = vim.str_byteindex(line, client.offset_encoding, range.start.character, false)
    local finish = vim.str_byteindex(line, client.offset_encoding, range['end'].character, false)
    -- What the item replaces has to end at the cursor: nothing after it is ever hidden or lost.
    if range.start.line ~= row or range['end'].line ~= row or start > column or finish ~= column then
      return nil
    end
  end
  local self = setmetatable({
    client_id = client.id,
    item = item,
    buf = buf,
    text = (item.insertText:gsub('\r\n?', '\n')),
    is_told = false,
    tail = api.nvim_get_current_line():sub(column + 1),
  }, Suggestion)
  self.anchor = api.nvim_buf_set_extmark(buf, anchors, row, start, { right_gravity = false })
  local rest = self:rest()
  if not rest or rest == '' then
    self:close()
    return nil
  end
  return self
end

--- Returns what stands between the place of the suggestion and the cursor;
--- nil when the cursor is not behind that place.
---@return string?
function Suggestion:done()
  if not api.nvim_buf_is_valid(self.buf) or api.nvim_get_current_buf() ~= self.buf then
    return nil
  end
  local mark = api.nvim_buf_get_extmark_by_id(self.buf, anchors, self.anchor, {})
  local cursor = api.nvim_win_get_cursor(0)
  local row, column = cursor[1] - 1, cursor[2]
  if #mark == 0 or row < mark[1] or (row == mark[1] and column < mark[2]) then
    return nil
  end
  if row - mark[1] > select(2, self.text:gsub('\n', '')) then
    return nil
  end
  return table.concat(api.nvim_buf_get_text(self.buf, mark[1], mark[2], row, column, {}), '\n')
end

--- Returns what is left to insert at the cursor: '' when all of it stands there, nil when the
--- buffer says something else: before the cursor, or behind it, where a closing bracket that
--- came by itself or a step to the left would make the rest wrong.
---@return string?
function Suggestion:rest()
  local done = self:done()
  if not done then
    return nil
  end
  local tail = api.nvim_get_current_line():sub(api.nvim_win_get_cursor(0)[2] + 1)
  if tail == self.tail and vim.startswith(self.text, done) then
    return self.text:sub(#done + 1)
  end
end

--- Returns how many UTF-16 units of the text stand in the buffer.
---@return integer
function Suggestion:done_length()
  return vim.str_utfindex(self:done() or '', 'utf-16')
end

---@return vim.lsp.Client?
function Suggestion:client()
  return vim.lsp.get_client_by_id(self.client_id)
end

--- Gives its place in the buffer back.
function Suggestion:close()
  if api.nvim_buf_is_valid(self.buf) then
    api.nvim_buf_del_extmark(self.buf, anchors, self.anchor)
  end
end

return Suggestion
