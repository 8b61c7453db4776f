---@meta
--- Shapes only: nothing here runs. What each option means to the user is in |mantle-config|.

---@class (exact) mantle.Keys
---@field accept string|false
---@field accept_word string|false
---@field accept_line string|false
---@field dismiss string|false
---@field trigger string|false

--- What the plugin works with: every field is there and valid.
---@class (exact) mantle.Settings
---@field cmd string[] the program and its global options, without the subcommand
---@field enabled boolean
---@field automatic boolean
---@field delay integer milliseconds
---@field filetypes table<string, boolean>
---@field root_markers (string|string[])[]
---@field max_file_bytes integer
---@field explain boolean
---@field keys mantle.Keys

--- The keys that the user may write: any of them, or false for none.
---@class (exact) mantle.KeyOptions
---@field accept? string|false
---@field accept_word? string|false
---@field accept_line? string|false
---@field dismiss? string|false
---@field trigger? string|false

--- What the user may write: any part of it.
---@class (exact) mantle.Options
---@field cmd? string|string[]
---@field enabled? boolean
---@field automatic? boolean
---@field delay? integer
---@field filetypes? table<string, boolean>
---@field root_markers? (string|string[])[]
---@field max_file_bytes? integer
---@field explain? boolean
---@field keys? mantle.KeyOptions

--- Why an item was offered; sent only when `explain` is on.
---@class mantle.Explanation
---@field source? string
---@field tier? string
---@field model? string
---@field confidence? number
---@field expected_cost? string
---@field reason? string

--- An inline completion item as the server sent it. It goes back to the server unchanged.
---@class mantle.Item
---@field insertText string|table
---@field range? lsp.Range
---@field command? lsp.Command
---@field data? mantle.Explanation

---@alias mantle.ServerState 'ready'|'indexing'|'busy'|'warning'|'error'

--- The server's own account of itself (`mantle/status`).
---@class mantle.ServerStatus
---@field state? mantle.ServerState
---@field message? string
---@field accepted? integer
---@field offered? integer
---@field cost_usd? string

--- How much of a suggestion is taken.
---@alias mantle.Part 'all'|'word'|'line'

--- Where a switch applies.
---@alias mantle.Scope 'global'|'buffer'|'filetype'
