// Decides where suggestions are offered. A workspace may narrow what the user chose, never widen
// it: a cloned repository must not switch on what its reader switched off.

export type LanguageMap = Readonly<Record<string, boolean>>;

/** A setting as written by the user and by the workspace, where each of them wrote it. */
export interface Layers<T> {
  readonly user: T;
  readonly workspace: T | undefined;
}

export function isEnabled(enable: Layers<boolean>): boolean {
  return enable.user && enable.workspace !== false;
}

export function isLanguageEnabled(languages: Layers<LanguageMap>, language: string): boolean {
  return allows(languages.user, language) && allows(languages.workspace ?? {}, language);
}

/** Returns the user's map with one language turned on or off. */
export function withLanguage(map: LanguageMap, language: string, enabled: boolean): LanguageMap {
  return { ...map, [language]: enabled };
}

function allows(map: LanguageMap, language: string): boolean {
  return map[language] ?? map['*'] ?? true;
}
