--- Under a ceiling a model is paid where its answer is worth it: what it says appears, and Tab takes it.
--- Chance has its part, and the month is read from the ledger first, so not every line gets an answer.
local LINES = 12
local ANSWER = 'price(order);'

return {
  play = function(editor)
    editor.wait_for_server()
    for number = 1, LINES do
      local line = ('    total_%d = '):format(number)
      editor.type_line(line)
      editor.pause(700)
      if editor.ghost() == ANSWER then
        editor.check(editor.is_on_screen(line .. ANSWER), 'the answer is on the screen', editor.screen())
        editor.note('line', number)
        local row = editor.row()
        editor.type('<Tab>')
        editor.wait_for_text(row, line .. ANSWER)
        editor.wait_for_answers()
        editor.check(#editor.messages == 0, 'no message', editor.messages)
        return
      end
      editor.type('<Esc>')
      -- Chance is drawn once for a burst of typing, and a burst is over after two seconds.
      editor.pause(2100)
    end
    editor.check(false, 'one of the lines gets an answer', editor.messages)
  end,
}
