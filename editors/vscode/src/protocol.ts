// The messages that `mantle lsp` and this extension exchange beyond plain LSP, as types and names.
// Nothing here runs; what each message means is told where it is sent or handled.

import type { InlineCompletionItem } from 'vscode-languageclient/node';

export const statusNotification = 'mantle/status';
export const partiallyAcceptedNotification = 'textDocument/didPartiallyAcceptCompletion';
export const rejectedNotification = 'textDocument/didRejectCompletion';

/** What the server says of itself, whenever it changes. Older servers may never send it. */
export interface ServerStatus {
  state: 'ready' | 'indexing' | 'busy' | 'warning' | 'error';
  message: string;
  accepted: number;
  offered: number;
  /** US dollars as a decimal string, since a float would round money. */
  cost_usd: string;
}

/** Why the server offered an item; it comes as the item's `data` because we ask for it. */
export interface Explanation {
  id?: string;
  source?: string;
  tier?: string;
  model?: string;
  /** From 0 to 1. */
  confidence?: number;
  expected_cost?: string | number;
  reason?: string;
}

/** A suggestion as it came over the wire: what outcome notifications must name. */
export type WireItem = InlineCompletionItem & { data?: Explanation };

export interface InitializationOptions {
  client: 'mantle-vscode';
  explain: boolean;
}
