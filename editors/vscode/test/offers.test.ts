import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lengthAfter, Offers, type TextPosition } from '../src/offers';
import type { WireItem } from '../src/protocol';

const document = 'file:///orders.py';

function item(insertText: string, line: number, character: number): WireItem {
  const at = { line, character };
  return { insertText, range: { start: at, end: at }, command: { title: '', command: 'mantle.didAccept', arguments: [insertText] } };
}

function reader(text: string, lineEnd = '\n') {
  const lines = text.split(lineEnd);
  const offset = ({ line, character }: TextPosition) =>
    lines.slice(0, line).reduce((sum, each) => sum + each.length + lineEnd.length, character);
  return (start: TextPosition, end: TextPosition) => text.slice(offset(start), offset(end));
}

test('an offer stands while the text before the cursor agrees with it', () => {
  const offers = new Offers();
  offers.add(document, item('is None:', 0, 7), { line: 0, character: 7 });
  const read = reader('if row is n');
  assert.equal(offers.at(document, { line: 0, character: 7 }, read)?.length, 0);
  assert.equal(offers.at(document, { line: 0, character: 10 }, read)?.length, 3);
  assert.equal(offers.at(document, { line: 0, character: 11 }, read), undefined, 'contradicted');
  assert.equal(offers.at(document, { line: 0, character: 6 }, read), undefined, 'before its start');
  assert.equal(offers.at('file:///other.py', { line: 0, character: 7 }, read), undefined);
});

test('an offer without a range starts at the cursor it was made for', () => {
  const offers = new Offers();
  const { range: _, ...unplaced } = item('is None:', 0, 7);
  offers.add(document, unplaced, { line: 0, character: 7 });
  assert.equal(offers.at(document, { line: 0, character: 10 }, reader('if row is '))?.length, 3);
});

test('the newest offer that agrees is the one on screen', () => {
  const offers = new Offers();
  const cursor = { line: 0, character: 2 };
  offers.add(document, item('abc', 0, 0), cursor);
  offers.add(document, item('abd', 0, 0), cursor);
  offers.add(document, item('xyz', 0, 0), cursor);
  assert.equal(offers.at(document, cursor, reader('ab'))?.offer.insertText, 'abd');
});

test('an offer that the text has used up is over', () => {
  const offers = new Offers();
  offers.add(document, item('abc', 0, 0), { line: 0, character: 0 });
  assert.equal(offers.at(document, { line: 0, character: 3 }, reader('abc')), undefined);
});

test('a dismissed offer and those of a closed document are forgotten', () => {
  const offers = new Offers();
  const cursor = { line: 0, character: 0 };
  offers.add(document, item('abc', 0, 0), cursor);
  offers.add(document, item('abd', 0, 0), cursor);
  const standing = offers.at(document, cursor, reader(''));
  assert.ok(standing);
  offers.drop(document, standing.offer);
  assert.equal(offers.at(document, cursor, reader(''))?.offer.insertText, 'abc');
  offers.forget(document);
  assert.equal(offers.at(document, cursor, reader('')), undefined);
});

test('lengths count from the start of the suggestion, in UTF-16 code units', () => {
  const offers = new Offers();
  const read = reader('x = "é😀 ');
  offers.add(document, item('x = "é😀 tail"', 0, 0), { line: 0, character: 3 });
  const standing = offers.at(document, { line: 0, character: 9 }, read);
  assert.equal(standing?.length, 9);
  assert.equal(lengthAfter(standing!, 'tail'), 13);
});

test('an accepted line is the same length in a document with CRLF line ends', () => {
  const offers = new Offers();
  offers.add(document, item('a:\n  b\n  c', 0, 0), { line: 0, character: 0 });
  const standing = offers.at(document, { line: 1, character: 3 }, reader('a:\r\n  b', '\r\n'));
  assert.equal(standing?.length, 6);
  assert.equal(lengthAfter(standing!, '\r\n  '), 9);
});

test('text that is not the next piece of the offer is no acceptance, and the last piece is a whole one', () => {
  const offers = new Offers();
  offers.add(document, item('is None:', 0, 0), { line: 0, character: 0 });
  const standing = offers.at(document, { line: 0, character: 3 }, reader('is '));
  assert.equal(lengthAfter(standing!, 'None'), 7);
  assert.equal(lengthAfter(standing!, 'not'), undefined);
  assert.equal(lengthAfter(standing!, ''), undefined);
  assert.equal(lengthAfter(standing!, 'None:'), undefined);
});
