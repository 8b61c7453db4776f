// Remembers what the server offered lately, so that a word accepted or a suggestion dismissed can
// be told to the server by name. VS Code's stable API never says what it showed: an offer counts
// as the one on screen only while the text before the cursor agrees with it.
// Pure: no editor types, so that the rules are tested without an editor.

import type { WireItem } from './protocol';

export interface TextPosition {
  readonly line: number;
  readonly character: number;
}

/** Reads a document's text between two positions, with its own line ends. */
export type ReadText = (start: TextPosition, end: TextPosition) => string;

/** An offered suggestion; lengths are UTF-16 code units counted from the start of `insertText`. */
export interface Offer {
  readonly item: WireItem;
  readonly insertText: string;
  readonly start: TextPosition;
}

/** An offer the document agrees with, and how much of it already stands there. */
export interface Standing {
  readonly offer: Offer;
  readonly length: number;
}

// After an accepted word VS Code asks again and may keep showing the older answer, so the newest
// offer alone is not enough; more than a few are never alive at once.
const remembered = 8;

export class Offers {
  private readonly byDocument = new Map<string, Offer[]>();

  /** Records that `item` was offered with the cursor at `cursor`. Snippets are never ours. */
  add(document: string, item: WireItem, cursor: TextPosition): void {
    if (typeof item.insertText !== 'string') {
      return;
    }
    const offer = { item, insertText: item.insertText, start: item.range?.start ?? cursor };
    const offers = this.byDocument.get(document) ?? [];
    this.byDocument.set(document, [offer, ...offers].slice(0, remembered));
  }

  /** Returns the newest offer that the text before `cursor` agrees with and does not exhaust. */
  at(document: string, cursor: TextPosition, read: ReadText): Standing | undefined {
    for (const offer of this.byDocument.get(document) ?? []) {
      const length = standingLength(offer, cursor, read);
      if (length !== undefined && length < offer.insertText.length) {
        return { offer, length };
      }
    }
    return undefined;
  }

  /** Forgets one offer, once it was dismissed: nothing more can happen to it. */
  drop(document: string, offer: Offer): void {
    const offers = this.byDocument.get(document) ?? [];
    this.byDocument.set(document, offers.filter((other) => other !== offer));
  }

  forget(document: string): void {
    this.byDocument.delete(document);
  }

  clear(): void {
    this.byDocument.clear();
  }
}

function standingLength(offer: Offer, cursor: TextPosition, read: ReadText): number | undefined {
  const { start } = offer;
  const before = cursor.line < start.line || (cursor.line === start.line && cursor.character < start.character);
  if (before) {
    return undefined;
  }
  const text = withLineFeeds(read(start, cursor));
  return offer.insertText.startsWith(text) ? text.length : undefined;
}

/**
 * Returns how much of the offer stands in the document after `inserted` was put at the cursor, or
 * undefined when that text is not the next piece of the offer or is its last one: the last piece
 * runs the item's own command, which already says "accepted".
 */
export function lengthAfter(standing: Standing, inserted: string): number | undefined {
  const { offer, length } = standing;
  const piece = withLineFeeds(inserted);
  const after = length + piece.length;
  const isNextPiece = piece !== '' && offer.insertText.startsWith(piece, length);
  return isNextPiece && after < offer.insertText.length ? after : undefined;
}

// A document with CRLF line ends gets the same suggestion, whose line ends are always LF.
function withLineFeeds(text: string): string {
  return text.replace(/\r\n?/g, '\n');
}
