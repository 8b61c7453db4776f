--- A program that is not there is said once, with what to do about it, and nothing else happens.
return {
  options = function()
    return { cmd = vim.fs.joinpath(vim.uv.cwd(), 'no-such-mantle') }
  end,
  play = function(editor)
    editor.wait('the message', function()
      return #editor.messages > 0
    end)
    vim.cmd.edit('store.py')
    editor.type('Goconnection = open<Esc>')
    vim.cmd('write | edit orders.py')
    editor.pause(300)
    editor.check(#editor.messages == 1, 'one message', editor.messages)
    local message = editor.messages[1]
    editor.check(message:find('not found', 1, true) ~= nil, 'it says what is wrong', message)
    editor.check(message:find(':checkhealth mantle', 1, true) ~= nil, 'it says where to look', message)
    editor.check(require('mantle').status() == 'mantle !', 'the status shows it', require('mantle').status())
    vim.cmd.checkhealth('mantle')
    local report = table.concat(editor.lines(), '\n')
    editor.check(report:find('ERROR', 1, true) ~= nil, 'checkhealth names it', report)
    editor.check(report:find('PATH', 1, true) ~= nil, 'checkhealth says what to do', report)
  end,
}
