--- A hand and an eye for scenarios: types keys, waits for what it wants to see, looks at
--- buffer, ghost text, screen, messages and requests. It knows the plugin only from outside.
local api = vim.api

local M = {
  ---@type { what: string, value: any }[] what a scenario wrote down for whoever reads the result
  notes = {},
  ---@type string[] everything that went through vim.notify
  messages = {},
  --- how many inline completions were asked for
  requests = 0,
}

local POLL_MS = 5
local PATIENCE_MS = 10000

--- Starts listening; before the plugin is loaded.
function M.watch()
  vim.notify = function(message)
    M.messages[#M.messages + 1] = message
  end
  api.nvim_create_autocmd('LspRequest', {
    callback = function(event)
      local request = event.data.request
      if request.type == 'pending' and request.method == 'textDocument/inlineCompletion' then
        M.requests = M.requests + 1
      end
    end,
  })
end

--- Runs `play` as a coroutine that the editor's own loop drives, and calls `finish` with
--- what went wrong, or with nil.
---@param play fun(editor: table)
---@param finish fun(failure: string?)
function M.play(play, finish)
  local thread = coroutine.create(play)
  local timer = assert(vim.uv.new_timer())
  local wanted ---@type { what: string, is_so: (fun(): any), until_ms: integer }?

  local function step()
    if wanted then
      local found, so = pcall(wanted.is_so)
      if not (found and so) then
        if found and vim.uv.now() < wanted.until_ms then
          return
        end
        timer:close()
        local seen = vim.inspect({ lines = M.lines(), ghost = M.ghost(), mode = api.nvim_get_mode().mode })
        finish(('did not come: %s%s\n%s'):format(wanted.what, found and '' or ': ' .. tostring(so), seen))
        return
      end
    end
    local alive, next_wanted = coroutine.resume(thread, M)
    if not alive then
      timer:close()
      finish(tostring(next_wanted))
    elseif coroutine.status(thread) == 'dead' then
      timer:close()
      finish(nil)
    else
      wanted = next_wanted
    end
  end

  local guarded = vim.schedule_wrap(function()
    if not timer:is_closing() then
      step()
    end
  end)
  timer:start(0, POLL_MS, guarded)
end

--- Waits until `is_so` returns something true.
---@param what string
---@param is_so fun(): any
---@param patience_ms? integer
function M.wait(what, is_so, patience_ms)
  vim.uv.update_time()
  coroutine.yield({ what = what, is_so = is_so, until_ms = vim.uv.now() + (patience_ms or PATIENCE_MS) })
end

--- Lets `ms` pass: only for claims that something does *not* happen.
---@param ms integer
function M.pause(ms)
  vim.uv.update_time()
  local over = vim.uv.now() + ms
  M.wait('time', function()
    return vim.uv.now() >= over
  end, ms + 1000)
end

---@param keys string in the notation of mappings
function M.type(keys)
  api.nvim_input(keys)
end

---@param claim boolean
---@param what string
---@param seen? any
function M.check(claim, what, seen)
  if not claim then
    error(('not so: %s\nseen: %s\nlines: %s'):format(what, vim.inspect(seen), vim.inspect(M.lines())), 2)
  end
end

---@param what string
---@param value any
function M.note(what, value)
  M.notes[#M.notes + 1] = { what = what, value = value }
end

---@return string[]
function M.lines()
  return api.nvim_buf_get_lines(0, 0, -1, false)
end

---@return string
function M.line()
  return api.nvim_get_current_line()
end

--- Returns the ghost text as it is drawn; nil when there is none.
---@return string?
function M.ghost()
  local namespace = api.nvim_get_namespaces()['mantle.ghost']
  local marks = namespace and api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
  if #marks == 0 then
    return nil
  end
  assert(#marks == 1, 'more than one ghost')
  local details = marks[1][4]
  local text = details.virt_text[1][1]
  for _, line in ipairs(details.virt_lines or {}) do
    text = text .. '\n' .. line[1][1]
  end
  return text
end

--- Returns the rows of the screen as a user sees them.
---@return string[]
function M.screen()
  vim.cmd.redraw()
  local rows = {}
  for row = 1, vim.o.lines do
    local cells = {}
    for column = 1, vim.o.columns do
      cells[column] = vim.fn.screenstring(row, column)
    end
    rows[row] = (table.concat(cells):gsub('%s+$', ''))
  end
  return rows
end

---@param text string
---@return boolean
function M.is_on_screen(text)
  return vim.iter(M.screen()):any(function(row)
    return row:find(text, 1, true) ~= nil
  end)
end

--- Returns the server that serves the current buffer.
---@return vim.lsp.Client?
function M.server()
  return vim.lsp.get_clients({ name = 'mantle', bufnr = 0 })[1]
end

function M.wait_for_server()
  M.wait('the server serves the buffer', M.server)
end

--- Opens a line of its own below the last one and types `text` into it.
---@param text string
function M.type_line(text)
  -- What is typed is what the buffer gets: no indenting on the way.
  vim.bo.indentexpr, vim.bo.autoindent, vim.bo.smartindent = '', false, false
  vim.o.columns = 120
  M.type('Go' .. text:gsub('<', '<lt>'))
  M.wait('the typed line', function()
    return M.line() == text
  end)
end

--- Types `text` on a line of its own and waits for a ghost that begins with `expected`.
---@param text string
---@param expected string
---@return string ghost
function M.type_and_see(text, expected)
  M.wait_for_server()
  M.type_line(text)
  M.wait('a ghost that begins with ' .. expected, function()
    local ghost = M.ghost()
    return ghost and vim.startswith(ghost, expected)
  end)
  local ghost = assert(M.ghost())
  M.note('ghost', ghost)
  return ghost
end

--- Waits until the text from the row of the cursor's line on is `text`.
---@param row integer the first row, from 1
---@param text string
function M.wait_for_text(row, text)
  M.wait('the text ' .. text, function()
    local count = #vim.split(text, '\n')
    return table.concat(api.nvim_buf_get_lines(0, row - 1, row - 1 + count, false), '\n') == text
  end)
end

--- Waits until the server has answered all that it was asked, as an acceptance that is kept.
function M.wait_for_answers()
  M.wait('the answers of the server', function()
    local server = M.server()
    return server and next(server.requests) == nil
  end)
end

---@return integer row of the cursor, from 1
function M.row()
  return api.nvim_win_get_cursor(0)[1]
end

return M
