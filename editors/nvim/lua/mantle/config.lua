--- Turns what the user wrote into settings. Never refuses to start: an option that
--- is wrong is named, and its default is used in its place.
local M = {}

---@type mantle.Settings
M.defaults = {
  cmd = { 'mantle' },
  enabled = true,
  automatic = true,
  delay = 15,
  filetypes = { ['*'] = true, gitrebase = false },
  root_markers = { '.git', '.hg', '.jj', 'Cargo.toml', 'package.json', 'pyproject.toml', 'go.mod' },
  max_file_bytes = 2 * 1024 * 1024,
  explain = false,
  keys = {
    accept = '<Tab>',
    accept_word = '<C-Right>',
    accept_line = '<M-Right>',
    dismiss = '<C-]>',
    trigger = [[<M-\>]],
  },
}

---@type mantle.Settings
M.settings = vim.deepcopy(M.defaults)
--- What was wrong with the options in use, for |:checkhealth|.
---@type string[]
M.problems = {}

---@param value unknown
---@return string? problem
local function a_boolean(value)
  return type(value) ~= 'boolean' and 'must be true or false' or nil
end

---@param least integer
---@param most integer
---@return fun(value: unknown): string?
local function a_number_between(least, most)
  return function(value)
    if type(value) ~= 'number' or value % 1 ~= 0 or value < least or value > most then
      return ('must be a whole number from %d to %d'):format(least, most)
    end
  end
end

---@param value unknown
---@return string? problem
local function a_program(value)
  local words = type(value) == 'string' and { value } or value
  if type(words) ~= 'table' or not vim.islist(words) or #words == 0 then
    return 'must be the program, or a list of the program and its global options'
  end
  for _, word in ipairs(words) do
    if type(word) ~= 'string' or word == '' then
      return 'must hold only strings that are not empty'
    end
  end
  if words[#words] == 'lsp' then
    return 'must end before `lsp`: the plugin adds the subcommand itself'
  end
end

---@param value unknown
---@return string? problem
local function filetypes(value)
  if type(value) ~= 'table' then
    return 'must be a table such as { ["*"] = true, markdown = false }'
  end
  for name, on in pairs(value) do
    if type(name) ~= 'string' or type(on) ~= 'boolean' then
      return 'must map names of filetypes (or "*") to true or false'
    end
  end
end

---@param value unknown
---@return string? problem
local function markers(value)
  local wrong = 'must be a list of file names'
  if type(value) ~= 'table' or not vim.islist(value) then
    return wrong
  end
  for _, marker in ipairs(value) do
    local names = type(marker) == 'table' and marker or { marker }
    for _, name in ipairs(names) do
      if type(name) ~= 'string' then
        return wrong
      end
    end
  end
end

---@param value unknown
---@return string? problem
local function keys(value)
  if type(value) ~= 'table' then
    return 'must be a table'
  end
  for name, lhs in pairs(value) do
    if M.defaults.keys[name] == nil then
      return ('has no key named `%s`'):format(tostring(name))
    end
    if lhs ~= false and (type(lhs) ~= 'string' or lhs == '') then
      return ('`%s` must be a key such as "<Tab>", or false for none'):format(name)
    end
  end
end

---@type table<string, fun(value: unknown): string?>
local checks = {
  cmd = a_program,
  enabled = a_boolean,
  automatic = a_boolean,
  delay = a_number_between(0, 10000),
  filetypes = filetypes,
  root_markers = markers,
  max_file_bytes = a_number_between(0, 2 ^ 31 - 1),
  explain = a_boolean,
  keys = keys,
}

--- Says what is wrong with `options`, one line for each option.
---@param options unknown
---@return string[] problems
---@return table<string, true> wrong the names of the options that cannot be used
function M.validate(options)
  if type(options) ~= 'table' then
    return { 'the options must be a table' }, {}
  end
  local problems, wrong = {}, {}
  local names = vim.tbl_keys(options)
  table.sort(names, function(a, b)
    return tostring(a) < tostring(b)
  end)
  for _, name in ipairs(names) do
    local check = checks[name]
    local problem
    if check then
      problem = check(options[name])
    else
      problem = 'is not an option'
    end
    if problem then
      wrong[name] = true
      problems[#problems + 1] = ('`%s` %s'):format(tostring(name), problem)
    end
  end
  return problems, wrong
end

--- Returns the settings that `options` ask for; what is wrong in them is left at its default.
---@param options unknown
---@return mantle.Settings settings
---@return string[] problems
function M.resolve(options)
  local problems, wrong = M.validate(options)
  local usable = {}
  if type(options) == 'table' then
    for name, value in pairs(options) do
      if not wrong[name] then
        usable[name] = value
      end
    end
  end
  if type(usable.cmd) == 'string' then
    usable.cmd = { usable.cmd }
  end
  return vim.tbl_deep_extend('force', vim.deepcopy(M.defaults), usable), problems
end

--- Puts `options` into force. Those of `vim.g.mantle` count where `options` say nothing.
---@param options? mantle.Options
---@return string[] problems
function M.use(options)
  local written = vim.g.mantle
  if options == nil then
    options = written == nil and {} or written
  elseif type(options) == 'table' and type(written) == 'table' then
    options = vim.tbl_deep_extend('force', written, options)
  end
  M.settings, M.problems = M.resolve(options)
  return M.problems
end

--- Returns the command line for one of the program's subcommands.
---@param ... string
---@return string[]
function M.command(...)
  return vim.list_extend(vim.list_slice(M.settings.cmd), { ... })
end

return M
