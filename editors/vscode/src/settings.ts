// The only place that reads this extension's settings. Below it they are plain values.

import * as vscode from 'vscode';
import { isEnabled, isLanguageEnabled, type LanguageMap, type Layers, withLanguage } from './languages';

const section = 'mantle';

export function mantleEnabled(): boolean {
  return isEnabled(layers('enable', true));
}

export function languageEnabled(language: string): boolean {
  return isLanguageEnabled(layers<LanguageMap>('enableLanguages', {}), language);
}

/** Returns the configured program, or '' to look for it. Machine scope: no workspace can set it. */
export function serverPath(): string {
  return read<string>('server.path', '').trim();
}

/** Returns the options for every run of the program. Machine scope: no workspace can set them. */
export function serverArgs(): string[] {
  return read<string[]>('server.args', []);
}

/** Writes the user's setting. Returns false when the workspace's own setting still keeps it off. */
export async function enableMantle(enabled: boolean): Promise<boolean> {
  await write('enable', enabled);
  return mantleEnabled() === enabled;
}

/** Like `enableMantle`, for one language. */
export async function enableLanguage(language: string, enabled: boolean): Promise<boolean> {
  const { user } = layers<LanguageMap>('enableLanguages', {});
  await write('enableLanguages', withLanguage(user, language, enabled));
  return languageEnabled(language) === enabled;
}

export function touches(change: vscode.ConfigurationChangeEvent, ...names: string[]): boolean {
  return names.some((name) => change.affectsConfiguration(`${section}.${name}`));
}

function read<T>(name: string, absent: T): T {
  return vscode.workspace.getConfiguration(section).get<T>(name) ?? absent;
}

function write(name: string, value: unknown): Thenable<void> {
  return vscode.workspace.getConfiguration(section).update(name, value, vscode.ConfigurationTarget.Global);
}

function layers<T>(name: string, absent: T): Layers<T> {
  const written = vscode.workspace.getConfiguration(section).inspect<T>(name);
  return {
    user: written?.globalValue ?? written?.defaultValue ?? absent,
    workspace: written?.workspaceValue,
  };
}
