// Words for the status bar: from what is known of the server to a short text and its details.
// Pure, so that every state can be read in a test.

import type { Explanation, ServerStatus } from './protocol';

/** What the extension knows of the server's life. */
export type ServerState =
  | { readonly kind: 'off' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running'; readonly status: ServerStatus | undefined; readonly last: Explanation | undefined }
  | { readonly kind: 'failed'; readonly problem: string };

export interface StatusText {
  readonly text: string;
  /** Lines of the tooltip, most important first. */
  readonly details: readonly string[];
  readonly severity: 'none' | 'warning' | 'error';
}

/** Describes the state where the cursor is; `language` is undefined when no file is open. */
export function describe(state: ServerState, language: { name: string; enabled: boolean } | undefined): StatusText {
  switch (state.kind) {
    case 'off':
      return { text: '$(circle-slash) Mantle', details: ['Turned off'], severity: 'none' };
    case 'starting':
      return { text: '$(sync~spin) Mantle', details: ['Starting'], severity: 'none' };
    case 'failed':
      return { text: '$(error) Mantle', details: [state.problem], severity: 'error' };
    case 'running': {
      const running = describeRunning(state.status, state.last);
      return language && !language.enabled
        ? { ...running, text: '$(circle-slash) Mantle', details: [`Turned off for ${language.name}`, ...running.details] }
        : running;
    }
  }
}

function describeRunning(status: ServerStatus | undefined, last: Explanation | undefined): StatusText {
  const details = [...(last ? [explain(last)] : [])];
  if (!status) {
    return { text: '$(layers) Mantle', details: ['Ready', ...details], severity: 'none' };
  }
  const cost = formatCost(status.cost_usd);
  const kept = status.offered > 0 ? ` ${status.accepted}/${status.offered} · ${cost}` : '';
  return {
    text: `${icon(status.state)} Mantle${kept}`,
    details: [
      status.message || capitalized(status.state),
      `Accepted ${status.accepted} of ${status.offered} offered, cost ${cost}`,
      ...details,
    ],
    severity: status.state === 'warning' || status.state === 'error' ? status.state : 'none',
  };
}

function icon(state: ServerStatus['state']): string {
  switch (state) {
    // A spinner at each keystroke would only distract, so "busy" looks like "ready".
    case 'ready':
    case 'busy':
      return '$(layers)';
    case 'indexing':
      return '$(sync~spin)';
    case 'warning':
      return '$(warning)';
    case 'error':
      return '$(error)';
  }
}

function explain(last: Explanation): string {
  const who = last.model ?? last.source ?? 'unknown source';
  const parts = [last.tier && last.tier !== who ? `${who} (${last.tier})` : who];
  if (last.confidence !== undefined) {
    parts.push(`confidence ${Math.round(last.confidence * 100)} %`);
  }
  if (last.expected_cost !== undefined) {
    parts.push(`expected cost ${formatCost(String(last.expected_cost))}`);
  }
  if (last.reason) {
    parts.push(last.reason);
  }
  return `Last suggestion: ${parts.join(', ')}`;
}

/**
 * Formats a decimal string of US dollars for a small space: cents when there are some, else four
 * places, and "<" where even those would read as nothing. Text that is no amount is shown as it is.
 */
export function formatCost(usd: string): string {
  const amount = /^(\d+)(?:\.(\d+))?$/.exec(usd.trim());
  if (!amount) {
    return usd;
  }
  const [, dollars = '0', fraction = ''] = amount;
  if (/^0*$/.test(dollars + fraction)) {
    return '$0.00';
  }
  // Whole numbers of 1/10,000 dollar: money is not counted in floats, not even here.
  const tenThousandths = BigInt(dollars + fraction.padEnd(4, '0').slice(0, 4));
  if (tenThousandths === 0n) {
    return '<$0.0001';
  }
  if (tenThousandths >= 100n) {
    return `$${decimal((tenThousandths + 50n) / 100n, 2)}`;
  }
  return `$${decimal(tenThousandths, 4)}`;
}

function decimal(units: bigint, places: number): string {
  const digits = units.toString().padStart(places + 1, '0');
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
}

function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
