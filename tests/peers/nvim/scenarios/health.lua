--- `:checkhealth mantle` finds nothing wrong with a good setup, and says what it found.
return {
  play = function(editor)
    editor.wait_for_server()
    vim.cmd.checkhealth('mantle')
    local report = table.concat(editor.lines(), '\n')
    editor.note('health', report)
    editor.check(not report:find('ERROR', 1, true), 'no error', report)
    editor.check(report:find('mantle %d+%.%d+%.%d+') ~= nil, 'it names the version', report)
    editor.check(report:find('orders.py', 1, true) ~= nil, 'it names the buffer', report)
    editor.check(report:find('State and logs: ', 1, true) ~= nil, 'it names the folder', report)
    editor.check(report:find('Every key reaches Mantle', 1, true) ~= nil, 'it looked at the keys', report)
  end,
}
