// Keeps the language server running exactly while Mantle is turned on, and tells the user, once,
// when it cannot be.

import * as vscode from 'vscode';
import { MantleClient } from './client';
import { Restarts } from './restarts';
import { chooseServer, thisMachine } from './server';
import { mantleEnabled, serverArgs, serverPath } from './settings';
import type { ServerState } from './statusText';

export class Session implements vscode.Disposable {
  private current: MantleClient | undefined;
  // Starts and stops wait for each other: settings may change faster than a process ends.
  private turn: Promise<void> = Promise.resolve();
  private readonly restarts = new Restarts();

  constructor(
    private readonly extensionFolder: string,
    private readonly log: vscode.LogOutputChannel,
    private readonly show: (state: ServerState) => void,
  ) {}

  /** The running client, for commands that tell outcomes. */
  get client(): MantleClient | undefined {
    return this.current;
  }

  /** Brings the server to what the settings now say: running anew, or stopped. */
  restart(): Promise<void> {
    this.restarts.forget();
    return this.startAnew();
  }

  stop(): Promise<void> {
    this.turn = this.turn.then(() => this.stopNow());
    return this.turn;
  }

  /** Returns the program to run, or undefined after telling the user that there is none. */
  program(): string | undefined {
    const choice = chooseServer(serverPath(), this.extensionFolder, thisMachine());
    if (choice.found) {
      this.log.info(`using ${choice.program} (from ${choice.from})`);
      return choice.program;
    }
    this.fail(choice.problem, 'Open Setting', openServerSetting);
    return undefined;
  }

  dispose(): void {
    void this.stop();
  }

  private startAnew(): Promise<void> {
    this.turn = this.turn.then(() => this.stopNow()).then(() => this.startNow());
    return this.turn;
  }

  private async startNow(): Promise<void> {
    const enabled = mantleEnabled();
    setContext('mantle.enabled', enabled);
    if (!enabled) {
      this.show({ kind: 'off' });
      return;
    }
    const program = this.program();
    if (program === undefined) {
      return;
    }
    // A client that was replaced still reports its own end.
    const client: MantleClient = new MantleClient(program, serverArgs(), this.log, {
      state: (state) => this.current === client && this.showState(state),
      ended: () => this.current === client && this.revive(),
    });
    this.current = client;
    try {
      await client.start();
    } catch (error) {
      this.log.error(`the language server did not start: ${String(error)}`);
      await this.stopNow();
      this.fail('The language server did not start.', 'Show Log', () => this.log.show());
    }
  }

  private async stopNow(): Promise<void> {
    const client = this.current;
    this.current = undefined;
    setContext('mantle.running', false);
    // A server that will not end must not keep a new one from starting.
    await client?.stop().catch((error: unknown) => this.log.warn(`the language server did not stop: ${String(error)}`));
  }

  private showState(state: ServerState): void {
    this.show(state);
    setContext('mantle.running', state.kind === 'running');
  }

  private revive(): void {
    if (this.restarts.allow(Date.now())) {
      this.log.warn('the language server ended by itself and is started again');
      void this.startAnew();
    } else {
      this.fail('The language server keeps ending and is not started again.', 'Show Log', () => this.log.show());
    }
  }

  private fail(problem: string, button: string, act: () => unknown): void {
    this.show({ kind: 'failed', problem });
    this.log.error(problem);
    void vscode.window.showErrorMessage(`Mantle: ${problem}`, button).then((chosen) => {
      if (chosen === button) {
        act();
      }
    });
  }
}

// A machine's settings have a tab of their own in a remote window (SSH, WSL, a container, a
// browser), and are not to be found in the user's.
function openServerSetting(): void {
  const command = vscode.env.remoteName ? 'workbench.action.openRemoteSettings' : 'workbench.action.openSettings';
  void vscode.commands.executeCommand(command, { query: 'mantle.server.path' });
}

function setContext(key: string, value: boolean): void {
  void vscode.commands.executeCommand('setContext', key, value);
}
