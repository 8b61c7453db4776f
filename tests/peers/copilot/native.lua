--- Neovim's own inline completion with a client that is named and introduced as nvim-lspconfig's
--- `copilot`, against the binary: a suggestion appears, Tab takes it, signing in is not needed.
---
---   MANTLE_BIN=... OUT=result.json nvim --headless --clean -S native.lua orders.py
local here = vim.fs.dirname(vim.fs.abspath(debug.getinfo(1, 'S').source:sub(2)))
package.path = vim.fs.joinpath(here, '../nvim/?.lua') .. ';' .. package.path

local editor = require('editor')
local phrases = require('phrases')
local statuses = {}

editor.server = function()
  return vim.lsp.get_clients({ name = 'copilot', bufnr = 0 })[1]
end

editor.ghost = function()
  local namespace = vim.api.nvim_get_namespaces()['nvim.lsp.inline_completion']
  local marks = namespace and vim.api.nvim_buf_get_extmarks(0, namespace, 0, -1, { details = true }) or {}
  local chunks = marks[1] and marks[1][4].virt_text or {}
  local text = vim.iter(chunks):map(function(chunk)
    return chunk[1]
  end):join('')
  return text ~= '' and text or nil
end

local function request(method, params)
  local answer
  editor.server():request(method, params, function(failure, result)
    answer = { failure = failure, result = result }
  end)
  editor.wait('the answer to ' .. method, function()
    return answer
  end)
  editor.check(answer.failure == nil, method .. ' is answered without an error', answer.failure)
  return answer.result
end

local function finish(failure)
  local out = assert(io.open(assert(vim.env.OUT, 'OUT is not set'), 'w'))
  local version = tostring(vim.version())
  out:write(vim.json.encode({ passed = failure == nil, failure = failure, version = version }))
  out:close()
  vim.cmd(failure and 'cquit!' or 'qall!')
end

local function play()
  editor.wait('the status is told', function()
    local last = statuses[#statuses]
    return last and last.kind == 'Normal' and not last.busy
  end)
  local account = request('signIn', vim.empty_dict())
  editor.check(account.status == 'AlreadySignedIn', 'nobody has to sign in', account)
  request('checkStatus', vim.empty_dict())
  editor.type_and_see(phrases.typed, phrases.rest)
  local row = editor.row()
  editor.type('<Tab>')
  editor.wait_for_text(row, phrases.typed .. phrases.rest)
  editor.wait_for_answers()
end

editor.watch()
vim.lsp.config('copilot', {
  cmd = { assert(vim.env.MANTLE_BIN, 'MANTLE_BIN is not set'), 'lsp', '--stdio' },
  root_markers = { '.git' },
  init_options = {
    editorInfo = { name = 'Neovim', version = tostring(vim.version()) },
    editorPluginInfo = { name = 'Neovim', version = tostring(vim.version()) },
  },
  settings = { telemetry = { telemetryLevel = 'all' } },
  handlers = {
    didChangeStatus = function(_, status)
      statuses[#statuses + 1] = status
    end,
  },
})
vim.keymap.set('i', '<Tab>', function()
  return vim.lsp.inline_completion.get() and '' or '<Tab>'
end, { expr = true })

vim.api.nvim_create_autocmd('VimEnter', {
  callback = vim.schedule_wrap(function()
    vim.lsp.enable('copilot')
    vim.lsp.inline_completion.enable(true)
    editor.play(play, finish)
  end),
})
