--- A program that ends at once is started a few times and then left alone, with one message.
return {
  options = function()
    return { cmd = 'false' }
  end,
  play = function(editor)
    local function ours()
      return vim.tbl_filter(function(message)
        return vim.startswith(message, 'mantle: ')
      end, editor.messages)
    end
    editor.wait('the message', function()
      return #ours() > 0
    end, 20000)
    local said = #editor.messages
    vim.cmd.edit('store.py')
    editor.pause(500)
    editor.check(#ours() == 1, 'one message of ours', editor.messages)
    editor.check(ours()[1]:find(':Mantle restart', 1, true) ~= nil, 'it says what to do', ours())
    editor.check(#editor.messages == said, 'it is left alone', editor.messages)
  end,
}
