// The keys for parts of a suggestion. Each does what VS Code's own key does and also tells the
// server, because VS Code tells an extension only of whole acceptances.

import * as vscode from 'vscode';
import type { MantleClient } from './client';
import { lengthAfter, type Standing } from './offers';

const acceptNextWord = 'editor.action.inlineSuggest.acceptNextWord';
const acceptNextLine = 'editor.action.inlineSuggest.acceptNextLine';
const hide = 'editor.action.inlineSuggest.hide';

/** `client` returns the running client, if any; without one the keys act as VS Code's own. */
export function registerSuggestionKeys(client: () => MantleClient | undefined): vscode.Disposable[] {
  return [
    vscode.commands.registerCommand('mantle.acceptWord', () => acceptPart(client(), acceptNextWord)),
    vscode.commands.registerCommand('mantle.acceptLine', () => acceptPart(client(), acceptNextLine)),
    vscode.commands.registerCommand('mantle.dismiss', () => dismiss(client())),
  ];
}

async function acceptPart(client: MantleClient | undefined, command: string): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const standing = client && editor && standingAt(client, editor);
  if (!standing) {
    await vscode.commands.executeCommand(command);
    return;
  }
  const cursor = editor.selection.active;
  let inserted = '';
  // The edit arrives before the command returns, and is the only proof of what was taken.
  const listener = vscode.workspace.onDidChangeTextDocument((event) => {
    if (event.document === editor.document) {
      inserted ||= event.contentChanges.find((change) => change.range.start.isEqual(cursor))?.text ?? '';
    }
  });
  try {
    await vscode.commands.executeCommand(command);
  } finally {
    listener.dispose();
  }
  const acceptedLength = lengthAfter(standing, inserted);
  if (acceptedLength !== undefined) {
    client.partiallyAccepted(standing.offer, acceptedLength);
  }
}

// Another extension's suggestion may be the one on screen while the text also agrees with ours;
// VS Code cannot say which, and then the dismissal counts for both.
async function dismiss(client: MantleClient | undefined): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const standing = client && editor && standingAt(client, editor);
  await vscode.commands.executeCommand(hide);
  if (standing) {
    client.rejected(standing.offer);
    client.offers.drop(editor.document.uri.toString(), standing.offer);
  }
}

function standingAt(client: MantleClient, editor: vscode.TextEditor): Standing | undefined {
  const { document, selection } = editor;
  return client.offers.at(document.uri.toString(), selection.active, (start, end) =>
    document.getText(new vscode.Range(start.line, start.character, end.line, end.character)),
  );
}
