--- Runs the program's other subcommands, and knows where it keeps its files.
local config = require('mantle.config')

local M = {}

--- Runs a subcommand and waits for it, for `timeout` milliseconds at most.
---@param arguments string[]
---@param timeout integer
---@return integer? code nil when it could not be run
---@return string output what it wrote, or why it could not be run
function M.run(arguments, timeout)
  local command = config.command(unpack(arguments))
  local started, process = pcall(vim.system, command, { text = true, timeout = timeout })
  if not started then
    return nil, ('%s could not be run'):format(command[1])
  end
  local done = process:wait()
  local output = vim.trim((done.stdout or '') .. '\n' .. (done.stderr or ''))
  if done.code == 124 and done.signal ~= 0 then
    return nil, ('%s gave no answer within %d s'):format(table.concat(command, ' '), timeout / 1000)
  end
  return done.code, output
end

--- Returns the folder of the ledger and the logs: the option `--state` of `cmd`, or the usual one.
---@return string
function M.state_dir()
  local words = config.settings.cmd
  for i, word in ipairs(words) do
    if word == '--state' and words[i + 1] then
      return vim.fs.normalize(words[i + 1])
    end
    local value = word:match('^%-%-state=(.+)')
    if value then
      return vim.fs.normalize(value)
    end
  end
  local home = vim.env.XDG_STATE_HOME
  if not home or home == '' then
    home = '~/.local/state'
  end
  return vim.fs.joinpath(vim.fs.normalize(home), 'mantle')
end

--- Returns the log that was written to last.
---@return string?
function M.newest_log()
  local newest, when = nil, -1
  local logs = vim.fs.find(function(name)
    return name:find('%.log') ~= nil
  end, { path = M.state_dir(), type = 'file', limit = math.huge })
  for _, path in ipairs(logs) do
    local stat = vim.uv.fs_stat(path)
    if stat and stat.mtime.sec + stat.mtime.nsec / 1e9 > when then
      newest, when = path, stat.mtime.sec + stat.mtime.nsec / 1e9
    end
  end
  return newest
end

return M
