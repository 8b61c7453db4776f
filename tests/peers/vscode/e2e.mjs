// The VS Code face from the user's side: a real VS Code, our packaged extension and the real
// `mantle`, with nothing but its embedded model.
//
//   MANTLE_BIN=… node e2e.mjs --install DIR --vsix FILE --out DIR
//
// The last line of stdout is the result as one JSON object; the exit status is 0 when all held.
// Under --out stay the logs, ghost.png (a suggestion as a user sees it) and, after a failure,
// fail.png.

import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messages, writeListener } from './wire.mjs';
import { until, Workbench } from './workbench.mjs';

const { values } = parseArgs({ options: { install: { type: 'string' }, vsix: { type: 'string' }, out: { type: 'string' } } });
const mantle = process.env.MANTLE_BIN;
if (!values.install || !values.vsix || !values.out || !mantle) {
  console.error('usage: MANTLE_BIN=FILE node e2e.mjs --install DIR --vsix FILE --out DIR');
  process.exit(2);
}
const out = path.resolve(values.out);
const workspace = path.join(out, 'webshop');
const state = path.join(out, 'state');
const record = path.join(out, 'to-server.bin');
const intruded = path.join(out, 'intruder-ran');
const listener = path.join(out, 'mantle-listener');

// Each wait has its own limit; this one is for what nobody thought of.
const wholeRunMs = 240_000;

const started = Date.now();
const say = (...words) => console.error(`[${((Date.now() - started) / 1000).toFixed(1)} s]`, ...words);

function inTime(work) {
  let timer;
  const late = new Promise((_, fail) => {
    const left = Math.max(0, started + wholeRunMs - Date.now());
    timer = setTimeout(() => fail(new Error(`the run took more than ${wholeRunMs / 1000} s`)), left);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

function check(claim, holds, seen) {
  if (!holds) throw new Error(`not so: ${claim}${seen === undefined ? '' : `; seen: ${JSON.stringify(seen)}`}`);
}

const sent = (method) => messages(record).filter((message) => message.method === method).map((message) => message.params);
const accepts = () => sent('workspace/executeCommand').filter((params) => params.command === 'mantle.didAccept');
const report = () => JSON.parse(execFileSync(mantle, ['--state', state, 'report', '--json'], { encoding: 'utf8' }));

/** Whether the ledger has come to know of so many accepted suggestions. */
const ledgerHolds = (accepted) => until(`${accepted} accepted on the ledger`, () => report().totals.accepted === accepted, 10_000);

/** Opens a file, types `beginning` at its end and waits for a suggestion of the rest of the line. */
async function begin(bench, name, beginning) {
  const file = path.join(workspace, 'shop', name);
  const before = fs.readFileSync(file, 'utf8');
  await bench.openFile('shop', name);
  await bench.type(beginning);
  const ghost = await bench.waitForGhost(beginning.at(-1));
  say(`${name}: ${JSON.stringify(beginning)} shows ${JSON.stringify(ghost)}`);
  return { file, typed: before + beginning, ghost };
}

async function acceptsWithTab(bench) {
  const { file, typed, ghost } = await begin(bench, 'payments.py', 'with d');
  await bench.press('Tab');
  await until('the accept to reach the server', () => accepts().length === 1);
  const saved = await bench.save(file);
  check('the file holds what was typed and what was shown', saved.startsWith(typed + ghost), saved.slice(-120));
  const line = saved.slice(typed.lastIndexOf('\n') + 1).split('\n')[0];
  check('the line is the one that the workspace repeats', line === '    with database.transaction() as transaction:', line);
  await ledgerHolds(1);
  return { ghost, inserted: saved.slice(typed.length) };
}

async function typesThroughAndDismisses(bench) {
  const { file, typed, ghost } = await begin(bench, 'refunds.py', 'with d');
  await bench.page.waitForTimeout(500); // let the status bar settle for the picture
  await bench.screenshot('ghost');
  const next = ghost.slice(0, 3);
  await bench.type(next);
  const rest = await until('the ghost text to follow the typing', async () => {
    const now = await bench.ghost();
    return now !== '' && now !== ghost && now;
  });
  check('what is still shown is the rest of what was shown', ghost === next + rest, { ghost, rest });
  await bench.press('Escape');
  await until('the ghost text to go', async () => (await bench.ghost()) === '');
  await until('the dismissal to reach the server', () => sent('textDocument/didRejectCompletion').length === 1);
  const [{ item }] = sent('textDocument/didRejectCompletion');
  check('the dismissal names a suggestion', typeof item.command.arguments[0] === 'string', item);
  const saved = await bench.save(file);
  check('a dismissed suggestion leaves only what was typed', saved === typed + next, saved.slice(-120));
  check('a dismissal is no acceptance', report().totals.accepted === 1, report().totals);
  return { ghost, rest };
}

async function acceptsAWordAndThenTheRest(bench) {
  const { file, typed, ghost } = await begin(bench, 'shipments.py', 'if r');
  await bench.press('Control+ArrowRight');
  const [{ item, acceptedLength }] = await until('the accepted word to reach the server', () => {
    const told = sent('textDocument/didPartiallyAcceptCompletion');
    return told.length > 0 && told;
  });
  const withWord = await bench.save(file);
  const word = withWord.slice(typed.length);
  check('the file holds a part of the suggestion', word !== '' && word !== ghost && ghost.startsWith(word), { ghost, word });
  check('the length counts from the start of the suggestion', item.insertText.slice(0, acceptedLength).endsWith(word), { item, acceptedLength, word });
  check('a word is not a whole acceptance', report().totals.accepted === 1, report().totals);
  const rest = await until('the rest of the suggestion', () => bench.ghost());
  await bench.press('Tab');
  await until('the accept to reach the server', () => accepts().length === 2);
  const saved = await bench.save(file);
  check('Tab after a word takes the rest', saved.startsWith(withWord + rest), { rest, end: saved.slice(-120) });
  await ledgerHolds(2);
  return { ghost, word, rest, acceptedLength };
}

async function opensTheReport(bench) {
  await bench.openMenu();
  await bench.screenshot('menu');
  await bench.choose('Show Cost Report');
  await bench.page.waitForSelector('.tab.active[data-resource-name^="Mantle cost report"]', { timeout: 15_000 });
  const text = await until('the text of the report', () => bench.visibleText());
  await bench.screenshot('report');
  return { lines: text.split('\n').length };
}

async function turnsOffAndOnAgain(bench) {
  await bench.openMenu();
  await bench.choose('Turn Off');
  await until('the status bar to say so', async () => /Turned off/.test(await bench.statusDetails()));
  await until('the server to be told to end', () => sent('exit').length === 1);
  await bench.openMenu();
  await bench.choose('Turn On');
  await until('the server to start again', () => sent('initialize').length === 2);
  await until('the status bar to say so', async () => !/Turned off|Starting/.test(await bench.statusDetails()));
  return {};
}

async function tellsWhenThereIsNoServer(bench) {
  bench.writeMachineSettings({ 'mantle.server.path': '/nowhere/mantle' });
  const toast = bench.page.locator('.notifications-toasts .notification-list-item', { hasText: '/nowhere/mantle' });
  await toast.waitFor({ timeout: 20_000 });
  await bench.screenshot('no-server');
  check('it is told once', (await toast.count()) === 1, await toast.count());
  check('the status bar says it too', /\/nowhere\/mantle/.test(await bench.statusDetails()), await bench.statusDetails());
  await toast.locator('.monaco-button', { hasText: 'Open Setting' }).click();
  const shown = bench.page.locator('.settings-editor .setting-item-contents', { hasText: 'The mantle program' });
  await shown.first().waitFor({ timeout: 15_000 });
  await bench.screenshot('setting');
  return {};
}

// A workspace that names its own program, as a cloned repository could.
function plantIntruder() {
  const program = path.join(out, 'intruder');
  fs.writeFileSync(program, `#!/bin/sh\n: >'${intruded}'\n`, { mode: 0o755 });
  fs.mkdirSync(path.join(workspace, '.vscode'));
  const settings = { 'mantle.server.path': program, 'mantle.server.args': ['--state', path.join(out, 'intruder-state')] };
  fs.writeFileSync(path.join(workspace, '.vscode/settings.json'), JSON.stringify(settings));
}

function checkRequests() {
  const requests = sent('textDocument/inlineCompletion');
  check('each request carries the version of its document', requests.every((params) => Number.isInteger(params.textDocument.version)), requests[0]);
  const initialize = sent('initialize')[0];
  check('the extension says who it is', initialize.initializationOptions.client === 'mantle-vscode', initialize.initializationOptions);
  return requests.length;
}

const scenarios = {
  acceptsWithTab,
  typesThroughAndDismisses,
  acceptsAWordAndThenTheRest,
  opensTheReport,
  turnsOffAndOnAgain,
  tellsWhenThereIsNoServer,
};
const result = { ok: false, scenarios: {} };
let bench;
try {
  fs.rmSync(out, { recursive: true, force: true });
  fs.mkdirSync(out, { recursive: true });
  fs.cpSync(new URL('workspace/', import.meta.url), workspace, { recursive: true });
  writeListener(listener, path.resolve(mantle), record);
  plantIntruder();
  bench = await Workbench.start({
    install: path.resolve(values.install),
    vsix: path.resolve(values.vsix),
    out,
    workspace,
    machineSettings: { 'mantle.server.path': listener, 'mantle.server.args': ['--state', state] },
  });
  say('VS Code is open');
  await until('the extension in the status bar', async () => /Mantle/.test(await bench.status()), 60_000);
  for (const [name, scenario] of Object.entries(scenarios)) {
    result.scenario = name;
    result.scenarios[name] = await inTime(scenario(bench));
    say(`${name}: held`);
  }
  delete result.scenario;
  result.requests = checkRequests();
  result.status = await bench.status();
  result.status_details = await bench.statusDetails();
  result.outside_hosts = [...bench.outsideHosts];
  check('no other host is asked for anything', result.outside_hosts.length === 0, result.outside_hosts);
  check('a workspace does not choose the program', !fs.existsSync(intruded));
  result.totals = report().totals;
  result.ok = true;
} catch (error) {
  result.error = String(error?.stack ?? error);
  await bench?.screenshot('fail').catch(() => {});
} finally {
  await bench?.stop();
}
say('done');
console.log(JSON.stringify(result));
process.exitCode = result.ok ? 0 : 1;
