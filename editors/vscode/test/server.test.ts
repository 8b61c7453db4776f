import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseServer, type Machine } from '../src/server';

function machine(programs: string[], searchPath = '/usr/local/bin:/usr/bin', windows = false): Machine {
  return { home: windows ? 'C:\\Users\\me' : '/home/me', searchPath, windows, isProgram: (file) => programs.includes(file) };
}

test('the setting wins over the bundled program, and that over PATH', () => {
  const all = machine(['/opt/mantle', '/ext/server/mantle', '/usr/bin/mantle']);
  assert.deepEqual(chooseServer('/opt/mantle', '/ext', all), { found: true, program: '/opt/mantle', from: 'setting' });
  assert.deepEqual(chooseServer('', '/ext', all), { found: true, program: '/ext/server/mantle', from: 'extension' });
  const path = machine(['/usr/bin/mantle']);
  assert.deepEqual(chooseServer('', '/ext', path), { found: true, program: '/usr/bin/mantle', from: 'PATH' });
});

test('a wrong setting is told instead of running another program', () => {
  const choice = chooseServer('/opt/gone', '/ext', machine(['/usr/bin/mantle']));
  assert.ok(!choice.found);
  assert.match(choice.problem, /\/opt\/gone/);
});

test('a relative setting is refused, since it would be looked up in the opened folder', () => {
  const choice = chooseServer('./mantle', '/ext', machine(['./mantle', '/usr/bin/mantle']));
  assert.ok(!choice.found);
  assert.match(choice.problem, /absolute/);
});

test('relative and empty entries of PATH are passed over', () => {
  const choice = chooseServer('', '/ext', machine(['mantle', './mantle', 'bin/mantle'], ':.:bin'));
  assert.equal(choice.found, false);
});

test('a tilde stands for the home folder', () => {
  const choice = chooseServer('~/bin/mantle', '/ext', machine(['/home/me/bin/mantle']));
  assert.equal(choice.found && choice.program, '/home/me/bin/mantle');
});

test('on Windows the program is mantle.exe and PATH is split at semicolons', () => {
  const windows = machine(['C:\\tools\\mantle.exe'], 'C:\\Windows;C:\\tools', true);
  const choice = chooseServer('', 'C:\\ext', windows);
  assert.deepEqual(choice, { found: true, program: 'C:\\tools\\mantle.exe', from: 'PATH' });
});
