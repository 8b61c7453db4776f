--- The line that `workspace/` holds many times over, cut where a scenario stops typing.
return {
  typed = '    connection = open_c',
  rest = 'onnection(settings.database_url, timeout=settings.timeout)',
  --- The same after characters that UTF-8 and UTF-16 count differently.
  typed_wide = '    print("é😀"); connection = open_c',
  --- A line with something behind the cursor.
  typed_before = '    audit.write(session, u',
  rest_before = 'ser=session.user_name',
  tail = ')',
}
