// Owns the connection to `mantle lsp`: starts and stops it, asks for suggestions, tells outcomes.
// What the answers mean for partial accepts is in offers.ts, what is shown of it in status.ts.

import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  type ErrorHandler,
  type Executable,
  InlineCompletionRequest,
  LanguageClient,
  RevealOutputChannelOn,
  State,
  TransportKind,
} from 'vscode-languageclient/node';
import { type Offer, Offers } from './offers';
import {
  type Explanation,
  type InitializationOptions,
  partiallyAcceptedNotification,
  rejectedNotification,
  type ServerStatus,
  statusNotification,
  type WireItem,
} from './protocol';
import { languageEnabled } from './settings';
import type { ServerState } from './statusText';

/** What happens to a server, for whoever started it. */
export interface ServerEvents {
  state(state: ServerState): void;
  /** It had been running and ended by itself. It is not started again. */
  ended(): void;
}

/** One life of the language server; a restart makes a new one. */
export class MantleClient implements vscode.Disposable {
  readonly offers = new Offers();
  private readonly client: LanguageClient;
  private readonly closed: vscode.Disposable;
  private wasRunning = false;
  private status: ServerStatus | undefined;
  private last: Explanation | undefined;

  constructor(
    program: string,
    args: readonly string[],
    log: vscode.LogOutputChannel,
    private readonly events: ServerEvents,
  ) {
    const run: Executable = { command: program, args: [...args, 'lsp'], transport: TransportKind.stdio };
    const initializationOptions: InitializationOptions = { client: 'mantle-vscode', explain: true };
    this.client = new QuietLanguageClient('mantle', 'Mantle', run, {
      documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
      initializationOptions,
      outputChannel: log,
      traceOutputChannel: log,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
      initializationFailedHandler: () => false,
      errorHandler: this.errorHandler(),
      middleware: {
        provideInlineCompletionItems: (document, position, context, token) =>
          this.suggest(document, position, context, token),
      },
    });
    this.client.onDidChangeState(({ newState }) => {
      this.showState(newState);
      if (newState === State.Stopped && this.wasRunning) {
        this.wasRunning = false;
        events.ended();
      }
    });
    this.client.onNotification(statusNotification, (status: ServerStatus) => {
      this.status = status;
      this.showState(this.client.state);
    });
    this.closed = vscode.workspace.onDidCloseTextDocument((document) => this.offers.forget(document.uri.toString()));
  }

  /** Rejects when the program cannot be started or does not speak as it should. */
  async start(): Promise<void> {
    await this.client.start();
    this.wasRunning = true;
  }

  async stop(): Promise<void> {
    this.closed.dispose();
    this.offers.clear();
    this.wasRunning = false;
    if (this.client.needsStop()) {
      await this.client.dispose();
    }
  }

  dispose(): void {
    void this.stop();
  }

  /** Tells that the first `acceptedLength` code units of the offer stand in the document. */
  partiallyAccepted(offer: Offer, acceptedLength: number): void {
    this.tell(partiallyAcceptedNotification, { item: offer.item, acceptedLength });
  }

  /** Tells that the user sent the offer away. */
  rejected(offer: Offer): void {
    this.tell(rejectedNotification, { item: offer.item });
  }

  // The library's own request carries no document version, and its conversion drops the item's
  // explanation, hence a request of our own.
  private async suggest(
    document: vscode.TextDocument,
    position: vscode.Position,
    context: vscode.InlineCompletionContext,
    token: vscode.CancellationToken,
  ): Promise<vscode.InlineCompletionList | undefined> {
    if (!languageEnabled(document.languageId)) {
      return undefined;
    }
    const version = document.version;
    const params = this.client.code2ProtocolConverter.asInlineCompletionParams(document, position, context);
    const request = { ...params, textDocument: { ...params.textDocument, version } };
    let items: WireItem[];
    try {
      const answer = await this.client.sendRequest(InlineCompletionRequest.type, request, token);
      items = Array.isArray(answer) ? answer : (answer?.items ?? []);
    } catch (error) {
      // A failed completion is silence in the editor; a cancelled one is no failure at all.
      return this.client.handleFailedRequest(InlineCompletionRequest.type, token, error, undefined, false);
    }
    if (token.isCancellationRequested || document.version !== version) {
      return undefined;
    }
    for (const item of items) {
      this.offers.add(document.uri.toString(), item, position);
    }
    if (items[0]?.data) {
      this.last = items[0].data;
      this.showState(this.client.state);
    }
    const list = await this.client.protocol2CodeConverter.asInlineCompletionResult({ items }, token);
    return list as vscode.InlineCompletionList | undefined;
  }

  private errorHandler(): ErrorHandler {
    return {
      // A broken pipe is followed by the end of the process, which is what is acted on.
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => ({ action: CloseAction.DoNotRestart, handled: true, message: 'the connection to the language server ended' }),
    };
  }

  private tell(method: string, params: object): void {
    this.client.sendNotification(method, params).catch((error: unknown) => {
      this.client.warn(`${method} was not sent: ${String(error)}`);
    });
  }

  private showState(state: State): void {
    switch (state) {
      case State.Starting:
        return this.events.state({ kind: 'starting' });
      case State.Running:
        return this.events.state({ kind: 'running', status: this.status, last: this.last });
      case State.StartFailed:
      case State.Stopped:
        return this.events.state({ kind: 'failed', problem: 'The language server is not running.' });
    }
  }
}

// The library shows several messages for one failed start. Here it only logs, and the session
// says what there is to say, once.
class QuietLanguageClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}
