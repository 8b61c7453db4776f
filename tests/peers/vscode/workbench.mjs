// A real VS Code, served by code-server to a headless browser: starting it, stopping it, and the
// few gestures of a user that the scenarios are made of. Everything lives under one folder: home,
// settings, extensions. Nothing outside this machine is asked for anything.

import { execFileSync, spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';

const chromiumFlags = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-dev-shm-usage', '--no-first-run',
  '--disable-background-networking', '--disable-component-update', '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

// Quiet everything that competes with the suggestion or asks the user something.
const userSettings = {
  'chat.disableAIFeatures': true,
  'editor.autoClosingBrackets': 'never',
  'editor.autoClosingQuotes': 'never',
  'editor.fontFamily': "'DejaVu Sans Mono'",
  'editor.fontSize': 15,
  'editor.lineHeight': 1.6,
  'editor.minimap.enabled': false,
  'editor.parameterHints.enabled': false,
  'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
  'editor.wordBasedSuggestions': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': false,
  'files.autoSave': 'off',
  'files.exclude': { '**/.vscode': true },
  'git.enabled': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'window.commandCenter': false,
  'workbench.colorTheme': 'Default Dark Modern',
  'workbench.layoutControl.enabled': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/** Polls until `probe` gives something, or throws with what was waited for. */
export async function until(what, probe, limitMs = 30_000) {
  const end = Date.now() + limitMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited ${limitMs / 1000} s in vain for ${what}`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export class Workbench {
  /** Requests to hosts other than this machine; a test fails when there is one. */
  outsideHosts = new Set();

  /**
   * Installs `vsix` into a fresh VS Code under `out` and opens `workspace` in it.
   * `machineSettings` are those that a workspace may not set.
   */
  static async start({ install, vsix, out, workspace, machineSettings }) {
    const bench = new Workbench();
    bench.out = out;
    const home = path.join(out, 'home');
    const data = path.join(out, 'data');
    writeJson(path.join(data, 'User/settings.json'), userSettings);
    bench.writeMachineSettings(machineSettings);
    fs.mkdirSync(home, { recursive: true });
    const node = path.join(install, 'node/node_modules', fs.readdirSync(path.join(install, 'node/node_modules')).find((name) => name.startsWith('node-linux-')), 'bin');
    const env = {
      PATH: `${node}:${process.env.PATH}`,
      LANG: 'C.UTF-8',
      HOME: home,
      XDG_CONFIG_HOME: path.join(home, '.config'),
      XDG_DATA_HOME: path.join(home, '.local/share'),
      XDG_STATE_HOME: path.join(home, '.local/state'),
      XDG_CACHE_HOME: path.join(home, '.cache'),
      EXTENSIONS_GALLERY: '{}',
    };
    const program = path.join(install, 'code-server/node_modules/.bin/code-server');
    const places = ['--user-data-dir', data, '--extensions-dir', path.join(out, 'extensions')];
    const logTo = (name) => fs.openSync(path.join(out, name), 'w');
    const installLog = logTo('install-extension.log');
    execFileSync(program, [...places, '--install-extension', vsix], { env, stdio: ['ignore', installLog, installLog] });

    const port = await freePort();
    const serverLog = logTo('code-server.log');
    bench.server = spawn(
      program,
      [...places, '--bind-addr', `127.0.0.1:${port}`, '--auth', 'none', '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', '--disable-getting-started-override'],
      // A process group of its own, so that stopping it stops what it started.
      { env, stdio: ['ignore', serverLog, serverLog], detached: true },
    );
    try {
      await bench.open(install, port, workspace);
    } catch (error) {
      await bench.screenshot('fail').catch(() => {});
      await bench.stop();
      throw error;
    }
    return bench;
  }

  /** Replaces the settings of this machine; VS Code notices at once. */
  writeMachineSettings(settings) {
    writeJson(path.join(this.out, 'data/Machine/settings.json'), settings);
  }

  async open(install, port, workspace) {
    await until('code-server', () => {
      if (this.server.exitCode !== null) throw new Error(`code-server ended: see ${this.out}/code-server.log`);
      return fetch(`http://127.0.0.1:${port}/healthz`).then((answer) => answer.ok, () => false);
    });
    const { chromium } = createRequire(path.join(install, 'playwright/x.js'))('playwright-core');
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true, args: chromiumFlags });
    this.page = await this.browser.newPage({ viewport: { width: 1280, height: 720 } });
    this.page.on('console', (message) => fs.appendFileSync(path.join(this.out, 'console.log'), `${message.type()} ${message.text()}\n`));
    this.page.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      if (/^(https?|wss?):$/.test(protocol) && hostname !== '127.0.0.1') this.outsideHosts.add(hostname);
    });
    await this.page.goto(`http://127.0.0.1:${port}/?folder=${encodeURIComponent(workspace)}`);
    await this.page.waitForSelector('.monaco-workbench', { timeout: 60_000 });
  }

  /** Text of the extension's status bar item, or '' while there is none. */
  async status() {
    const items = await this.page.$$eval('.statusbar-item', (all) => all.filter((item) => item.id.startsWith('mantle-ls.mantle')).map((item) => item.textContent));
    return items[0]?.trim() ?? '';
  }

  /** What a screen reader says of the status bar item: its tooltip's lines. */
  statusDetails() {
    return this.page.getAttribute('.statusbar-item[id^="mantle-ls.mantle"] a', 'aria-label');
  }

  /** Opens a file by its row in the explorer, as quick open loses races with its own search. */
  async openFile(folder, name) {
    const row = (label) => this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label^="${label}"]`).first();
    const file = row(name);
    await row(folder).waitFor({ timeout: 30_000 });
    if (!(await file.isVisible())) await row(folder).click();
    await file.waitFor({ timeout: 10_000 });
    const tab = `.tab.active[data-resource-name="${name}"]`;
    for (let tries = 0; tries < 5 && !(await this.page.$(tab)); tries += 1) {
      await file.dblclick();
      await this.page.waitForTimeout(700);
    }
    await this.page.waitForSelector(tab);
    await this.page.click('.editor-group-container.active .monaco-editor .view-lines');
    await this.page.keyboard.press('Control+End');
  }

  press(key) {
    return this.page.keyboard.press(key);
  }

  type(text) {
    return this.page.keyboard.type(text, { delay: 60 });
  }

  /** The ghost text on the cursor's line (further lines are drawn elsewhere); '' for none. */
  async ghost() {
    const parts = await this.page.$$eval('.editor-group-container.active .lines-content > .view-lines > .view-line [class*="ghost-text"]', (all) =>
      all.filter((part) => !part.parentElement.closest('[class*="ghost-text"]')).map((part) => part.textContent));
    return plain(parts.join(''));
  }

  /** The lines of the active editor that are on the screen, from the top. */
  async visibleText() {
    const lines = await this.page.$$eval('.editor-group-container.active .lines-content > .view-lines > .view-line', (all) =>
      all.map((line) => [parseFloat(line.style.top), line.textContent]).sort((a, b) => a[0] - b[0]).map(([, text]) => text));
    return plain(lines.join('\n')).trim();
  }

  /** Opens the extension's menu as a user does, from the status bar. */
  async openMenu() {
    await this.page.click('.statusbar-item[id^="mantle-ls.mantle"]');
    await this.menuEntry('Settings').waitFor({ timeout: 10_000 });
  }

  choose(label) {
    return this.menuEntry(label).click();
  }

  menuEntry(label) {
    // Anchored, since "Turn Off" is also how "Turn Off for python" begins.
    return this.page.locator('.quick-input-list .monaco-list-row').filter({ has: this.page.getByText(label, { exact: true }) });
  }

  /**
   * Waits for ghost text. A server that is still reading the workspace has nothing to say, so the
   * last letter is typed again now and then, as a person would go on typing.
   */
  async waitForGhost(lastLetter, limitMs = 30_000) {
    let nudged = Date.now();
    return until('ghost text', async () => {
      if (Date.now() - nudged > 3_000) {
        nudged = Date.now();
        await this.press('Backspace');
        await this.type(lastLetter);
      }
      return this.ghost();
    }, limitMs);
  }

  /** Saves the active file and returns what the disk then holds. */
  async save(file) {
    await this.press('Control+s');
    await until('the file to be saved', async () => !(await this.page.$('.tab.active.dirty')));
    return fs.readFileSync(file, 'utf8');
  }

  screenshot(name) {
    return this.page.screenshot({ path: path.join(this.out, `${name}.png`) });
  }

  /** Ends the browser and the server, and returns when both are gone. */
  async stop() {
    await this.browser?.close();
    const ended = new Promise((done) => {
      if (this.server.exitCode !== null || this.server.signalCode !== null) done();
      else this.server.once('exit', done);
    });
    const signal = (name) => {
      try { process.kill(-this.server.pid, name); } catch { /* it is gone already */ }
    };
    signal('SIGTERM');
    const impatience = setTimeout(() => signal('SIGKILL'), 10_000);
    await ended;
    clearTimeout(impatience);
    // Grandchildren are of the same group; none of them may outlive the test.
    signal('SIGKILL');
  }
}

// The editor draws spaces as no-break spaces.
function plain(text) {
  return text.replace(/\u00a0/g, ' ');
}

function writeJson(file, value) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(value, null, 2));
}

function freePort() {
  return new Promise((done, fail) => {
    const probe = net.createServer().once('error', fail).listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
