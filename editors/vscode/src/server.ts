// Finds the `mantle` program: the user's setting, else the one shipped inside the extension, else
// the one on PATH. Only absolute places count, so that no opened folder can put its own in the way.

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';

export type ServerChoice =
  | { readonly found: true; readonly program: string; readonly from: 'setting' | 'extension' | 'PATH' }
  | { readonly found: false; readonly problem: string };

/** The part of a computer that the search looks at; tests bring their own. */
export interface Machine {
  readonly home: string;
  readonly searchPath: string;
  readonly windows: boolean;
  isProgram(file: string): boolean;
}

/** Looks for the program. `setting` is empty when the user set nothing. */
export function chooseServer(setting: string, extensionFolder: string, machine: Machine): ServerChoice {
  const paths = machine.windows ? path.win32 : path.posix;
  if (setting !== '') {
    // A wrong setting is told, not passed over: another version would be a surprise.
    const program = /^~[/\\]/.test(setting) ? paths.join(machine.home, setting.slice(2)) : setting;
    if (!paths.isAbsolute(program)) {
      return { found: false, problem: `mantle.server.path must be an absolute path, and "${setting}" is not one.` };
    }
    return machine.isProgram(program)
      ? { found: true, program, from: 'setting' }
      : { found: false, problem: `mantle.server.path names "${setting}", which is not a program here.` };
  }
  const name = machine.windows ? 'mantle.exe' : 'mantle';
  const bundled = paths.join(extensionFolder, 'server', name);
  if (machine.isProgram(bundled)) {
    return { found: true, program: bundled, from: 'extension' };
  }
  for (const folder of machine.searchPath.split(paths.delimiter)) {
    const program = paths.join(folder, name);
    if (paths.isAbsolute(folder) && machine.isProgram(program)) {
      return { found: true, program, from: 'PATH' };
    }
  }
  return { found: false, problem: 'The program "mantle" was not found on PATH.' };
}

export function thisMachine(): Machine {
  return {
    home: os.homedir(),
    searchPath: process.env['PATH'] ?? '',
    windows: process.platform === 'win32',
    isProgram,
  };
}

function isProgram(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}
