--- Follows a buffer that Neovim has stopped following.
---
--- Neovim ends its watch over a buffer that is edited while no server is attached to it, and does
--- not begin again when one is. From then on the text is sent from here, whole after each edit, so
--- that the server never completes a text of yesterday.

local M = {}

---@type table<integer, true>
local watched = {}
---@type table<integer, true>
local lost = {}

---@param buf integer
---@return string
local function text_of(buf)
  local lines = vim.api.nvim_buf_get_lines(buf, 0, -1, true)
  local text = table.concat(lines, '\n')
  return vim.bo[buf].endofline and text .. '\n' or text
end

---@param buf integer
---@param client vim.lsp.Client?
---@param version integer
local function changed(buf, client, version)
  if #vim.lsp.get_clients({ bufnr = buf }) == 0 then
    lost[buf] = true
  elseif client and lost[buf] then
    client:notify('textDocument/didChange', {
      textDocument = { uri = vim.uri_from_bufnr(buf), version = version },
      contentChanges = { { text = text_of(buf) } },
    })
  end
end

--- Watches over `buf` from its first detaching on.
---@param buf integer
---@param client_of fun(buf: integer): vim.lsp.Client?
function M.watch(buf, client_of)
  if watched[buf] then
    return
  end
  watched[buf] = true
  vim.api.nvim_buf_attach(buf, false, {
    on_lines = function(_, _, version)
      changed(buf, client_of(buf), version)
    end,
    on_reload = function()
      changed(buf, client_of(buf), vim.b[buf].changedtick)
    end,
    on_detach = function()
      watched[buf], lost[buf] = nil, nil
    end,
  })
end

return M
