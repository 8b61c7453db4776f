// Listens to what VS Code sends the language server: a small program in the server's place copies
// its input to a file and runs the real server on it.

import fs from 'node:fs';

/** Writes the listening program to `file`; what `server` is sent goes to `record`. */
export function writeListener(file, server, record) {
  const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  fs.writeFileSync(file, `#!/bin/sh
case " $* " in
*" lsp "*) tee -a ${quoted(record)} | ${quoted(server)} "$@" ;;
*) exec ${quoted(server)} "$@" ;;
esac
`, { mode: 0o755 });
}

/** Returns the messages recorded so far, oldest first. A message still on its way is left out. */
export function messages(record) {
  const found = [];
  let rest = fs.existsSync(record) ? fs.readFileSync(record) : Buffer.alloc(0);
  for (;;) {
    const headerEnd = rest.indexOf('\r\n\r\n');
    if (headerEnd < 0) return found;
    const length = Number(/content-length: *(\d+)/i.exec(rest.toString('latin1', 0, headerEnd))?.[1]);
    const body = rest.subarray(headerEnd + 4, headerEnd + 4 + length);
    if (body.length < length) return found;
    found.push(JSON.parse(body.toString('utf8')));
    rest = rest.subarray(headerEnd + 4 + length);
  }
}
