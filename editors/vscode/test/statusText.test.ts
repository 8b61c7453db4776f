import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServerStatus } from '../src/protocol';
import { describe, formatCost } from '../src/statusText';

const status: ServerStatus = { state: 'ready', message: '', accepted: 3, offered: 12, cost_usd: '0.000412' };
const python = { name: 'python', enabled: true };

test('costs keep their first places and never round to nothing', () => {
  assert.equal(formatCost('0.000000'), '$0.00');
  assert.equal(formatCost('0.000012'), '<$0.0001');
  assert.equal(formatCost('0.000412'), '$0.0004');
  assert.equal(formatCost('0.009999'), '$0.0099');
  assert.equal(formatCost('0.125'), '$0.13');
  assert.equal(formatCost('12.344999'), '$12.34');
  assert.equal(formatCost('7'), '$7.00');
  assert.equal(formatCost('unpriced'), 'unpriced');
});

test('a running server shows accepted, offered and cost', () => {
  const { text, details, severity } = describe({ kind: 'running', status, last: undefined }, python);
  assert.equal(text, '$(layers) Mantle 3/12 · $0.0004');
  assert.deepEqual(details, ['Ready', 'Accepted 3 of 12 offered, cost $0.0004']);
  assert.equal(severity, 'none');
});

test('nothing is counted before something was offered, or by a server that sends no status', () => {
  const fresh = { ...status, accepted: 0, offered: 0, cost_usd: '0.000000' };
  assert.equal(describe({ kind: 'running', status: fresh, last: undefined }, python).text, '$(layers) Mantle');
  assert.equal(describe({ kind: 'running', status: undefined, last: undefined }, python).text, '$(layers) Mantle');
});

test('the last suggestion is explained by what the server said of it', () => {
  const last = { source: 'model', tier: 'in-house', model: 'embedded', confidence: 0.934, expected_cost: '0', reason: 'sure enough' };
  const { details } = describe({ kind: 'running', status: undefined, last }, python);
  assert.equal(
    details.at(-1),
    'Last suggestion: embedded (in-house), confidence 93 %, expected cost $0.00, sure enough',
  );
});

test('a language that is turned off says so, and the counts stay readable', () => {
  const { text, details } = describe({ kind: 'running', status, last: undefined }, { name: 'python', enabled: false });
  assert.equal(text, '$(circle-slash) Mantle');
  assert.equal(details[0], 'Turned off for python');
  assert.equal(details.length, 3);
});

test('what the user can mend stands out', () => {
  const budget: ServerStatus = { ...status, state: 'warning', message: 'The budget is used up' };
  assert.equal(describe({ kind: 'running', status: budget, last: undefined }, python).severity, 'warning');
  const missing = describe({ kind: 'failed', problem: 'The program "mantle" was not found on PATH.' }, undefined);
  assert.equal(missing.severity, 'error');
  assert.equal(missing.text, '$(error) Mantle');
});
