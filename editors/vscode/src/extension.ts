// Mantle for VS Code: puts the parts together and names the commands. The suggestions themselves
// are made by the language server, `mantle lsp`.

import * as vscode from 'vscode';
import { registerSuggestionKeys } from './commands';
import { ReportView } from './report';
import { Session } from './session';
import { enableLanguage, enableMantle, languageEnabled, serverArgs, touches } from './settings';
import { StatusBar } from './status';

let session: Session | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Mantle', { log: true });
  const status = new StatusBar();
  const report = new ReportView();
  const running = new Session(context.extensionPath, log, (state) => status.show(state));
  session = running;

  const on = vscode.commands.registerCommand;
  context.subscriptions.push(
    log,
    status,
    report,
    on('mantle.showMenu', () => status.openMenu()),
    on('mantle.enable', () => turn(true)),
    on('mantle.disable', () => turn(false)),
    on('mantle.toggleLanguage', toggleLanguage),
    on('mantle.restart', () => running.restart()),
    on('mantle.showLog', () => log.show()),
    on('mantle.showReport', () => showReport(running, report)),
    ...registerSuggestionKeys(() => running.client),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (touches(change, 'enable', 'server')) {
        void running.restart();
      }
    }),
  );
  await running.restart();
}

/** VS Code waits for this, so that the server can write its last events before it ends. */
export async function deactivate(): Promise<void> {
  await session?.stop();
}

async function turn(enabled: boolean): Promise<void> {
  if (!(await enableMantle(enabled))) {
    keptOffByWorkspace('Mantle');
  }
}

async function toggleLanguage(): Promise<void> {
  const language = vscode.window.activeTextEditor?.document.languageId;
  if (language === undefined) {
    void vscode.window.showInformationMessage('Mantle: open a file of the language first.');
  } else if (!(await enableLanguage(language, !languageEnabled(language)))) {
    keptOffByWorkspace(language);
  }
}

function keptOffByWorkspace(what: string): void {
  void vscode.window.showWarningMessage(`Mantle: the settings of this workspace keep ${what} turned off.`);
}

async function showReport(running: Session, report: ReportView): Promise<void> {
  const program = running.program();
  if (program === undefined) {
    return;
  }
  try {
    await report.show(program, serverArgs());
  } catch (error) {
    void vscode.window.showErrorMessage(`Mantle: there is no report. ${(error as Error).message}`);
  }
}
