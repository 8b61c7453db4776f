import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Restarts, tolerated } from '../src/restarts';

const minute = 60_000;

test('a server that keeps ending is left alone', () => {
  const restarts = new Restarts();
  for (let end = 0; end < tolerated; end += 1) {
    assert.equal(restarts.allow(end), true);
  }
  assert.equal(restarts.allow(tolerated), false);
});

test('a server that ends now and then is always started again', () => {
  const restarts = new Restarts();
  for (let end = 0; end < 20; end += 1) {
    assert.equal(restarts.allow(end * minute), true);
  }
});

test('a start that the user asked for begins anew', () => {
  const restarts = new Restarts();
  for (let end = 0; end <= tolerated; end += 1) {
    restarts.allow(end);
  }
  restarts.forget();
  assert.equal(restarts.allow(tolerated + 1), true);
});
