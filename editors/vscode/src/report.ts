// Shows what `mantle report` prints, in a read-only editor tab.

import { execFile } from 'node:child_process';
import * as os from 'node:os';
import { promisify } from 'node:util';
import * as vscode from 'vscode';

const scheme = 'mantle-report';
const address = vscode.Uri.from({ scheme, path: '/Mantle cost report' });
const run = promisify(execFile);

export class ReportView implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(scheme, this);
  private text = '';
  readonly onDidChange = this.changed.event;

  provideTextDocumentContent(): string {
    return this.text;
  }

  /** Runs the report anew and shows it. Rejects with the program's own words when it fails. */
  async show(program: string, args: readonly string[]): Promise<void> {
    this.text = await report(program, args);
    this.changed.fire(address);
    const document = await vscode.workspace.openTextDocument(address);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}

async function report(program: string, args: readonly string[]): Promise<string> {
  try {
    // From the home folder: which folder is open must not change whose ledger is read.
    const { stdout } = await run(program, [...args, 'report'], {
      cwd: os.homedir(),
      env: { ...process.env, NO_COLOR: '1' },
      timeout: 30_000,
      maxBuffer: 16 * 1024 * 1024,
    });
    return stdout;
  } catch (error) {
    const { stderr } = error as { stderr?: string };
    throw new Error(stderr?.trim() || String(error));
  }
}
