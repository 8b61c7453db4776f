import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEnabled, isLanguageEnabled, withLanguage } from '../src/languages';

test('a workspace can turn suggestions off but not on', () => {
  assert.equal(isEnabled({ user: true, workspace: undefined }), true);
  assert.equal(isEnabled({ user: true, workspace: false }), false);
  assert.equal(isEnabled({ user: false, workspace: true }), false);
});

test('a language goes by its own entry, then by the star, then is on', () => {
  const user = { '*': false, python: true };
  assert.equal(isLanguageEnabled({ user, workspace: undefined }, 'python'), true);
  assert.equal(isLanguageEnabled({ user, workspace: undefined }, 'rust'), false);
  assert.equal(isLanguageEnabled({ user: {}, workspace: undefined }, 'rust'), true);
});

test('a workspace can narrow the languages but not widen them', () => {
  const workspace = { '*': true, python: false, markdown: true };
  assert.equal(isLanguageEnabled({ user: { '*': true }, workspace }, 'python'), false);
  assert.equal(isLanguageEnabled({ user: { markdown: false }, workspace }, 'markdown'), false);
  assert.equal(isLanguageEnabled({ user: { '*': true }, workspace }, 'rust'), true);
});

test('turning one language off leaves the others', () => {
  assert.deepEqual(withLanguage({ '*': true, go: false }, 'python', false), { '*': true, go: false, python: false });
});
