// The status bar item, and the menu it opens.

import * as vscode from 'vscode';
import { languageEnabled } from './settings';
import { describe, type ServerState } from './statusText';

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly subscriptions: vscode.Disposable[];
  private state: ServerState = { kind: 'off' };

  constructor() {
    this.item = vscode.window.createStatusBarItem('mantle.status', vscode.StatusBarAlignment.Right, 100);
    this.item.name = 'Mantle';
    this.item.command = 'mantle.showMenu';
    this.subscriptions = [
      this.item,
      vscode.window.onDidChangeActiveTextEditor(() => this.render()),
      vscode.workspace.onDidChangeConfiguration(() => this.render()),
    ];
    this.render();
    this.item.show();
  }

  show(state: ServerState): void {
    this.state = state;
    this.render();
  }

  async openMenu(): Promise<void> {
    const chosen = await vscode.window.showQuickPick(this.menu(), { title: 'Mantle', placeHolder: this.summary() });
    // Otherwise the clicked item keeps the keyboard, and typing goes nowhere.
    await vscode.commands.executeCommand('workbench.action.focusActiveEditorGroup');
    if (chosen) {
      await vscode.commands.executeCommand(chosen.command, ...chosen.args);
    }
  }

  dispose(): void {
    this.subscriptions.forEach((subscription) => subscription.dispose());
  }

  private render(): void {
    const { text, details, severity } = describe(this.state, activeLanguage());
    this.item.text = text;
    this.item.tooltip = tooltip(details);
    this.item.accessibilityInformation = { label: `Mantle: ${details.join('. ')}`, role: 'button' };
    this.item.backgroundColor =
      severity === 'none' ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`);
  }

  private summary(): string {
    return describe(this.state, activeLanguage()).details.slice(0, 2).join(' · ');
  }

  private menu(): MenuItem[] {
    const on = this.state.kind !== 'off';
    const language = activeLanguage();
    const items: MenuItem[] = [
      on ? menuItem('$(circle-slash) Turn Off', 'mantle.disable') : menuItem('$(layers) Turn On', 'mantle.enable'),
    ];
    if (on && language) {
      const label = language.enabled
        ? `$(circle-slash) Turn Off for ${language.name}`
        : `$(layers) Turn On for ${language.name}`;
      items.push(menuItem(label, 'mantle.toggleLanguage'));
    }
    if (on) {
      // VS Code's own snooze quiets every source of inline suggestions, not only this one.
      items.push(menuItem('$(bell-slash) Snooze All Inline Suggestions', 'editor.action.inlineSuggest.snooze'));
      items.push(menuItem('$(debug-restart) Restart Language Server', 'mantle.restart'));
    }
    items.push(
      menuItem('$(graph) Show Cost Report', 'mantle.showReport'),
      menuItem('$(output) Show Log', 'mantle.showLog'),
      menuItem('$(gear) Settings', 'workbench.action.openSettings', '@ext:mantle-ls.mantle'),
    );
    return items;
  }
}

interface MenuItem extends vscode.QuickPickItem {
  readonly command: string;
  readonly args: readonly unknown[];
}

function menuItem(label: string, command: string, ...args: unknown[]): MenuItem {
  return { label, command, args };
}

function activeLanguage(): { name: string; enabled: boolean } | undefined {
  const document = vscode.window.activeTextEditor?.document;
  return document && { name: document.languageId, enabled: languageEnabled(document.languageId) };
}

// A reason or a model's name is text from outside, never markup. (`appendText` escapes too, but
// turns spaces into no-break spaces, and the lines then break in odd places.)
function tooltip(details: readonly string[]): vscode.MarkdownString {
  const markdown = new vscode.MarkdownString('**Mantle**\n\n');
  for (const line of details) {
    markdown.appendMarkdown(`${line.replace(/[^\p{L}\p{N}\s,]/gu, '\\$&')}\n\n`);
  }
  return markdown;
}
