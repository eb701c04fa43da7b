import {
  type AudioFrame,
  type CallContext,
  type ConversationItem,
  FlavorError,
  FlavorEventQueue,
  type FlavorSession,
  type PlayoutReport,
  type SessionPatch,
  type SpeakRequest,
  type ToolResult,
} from 'sip-voice-connector/flavor';
import type { WebSocket } from 'ws';
import { type ReferenceConfig, statusError, timeoutError } from './reference-flavor.js';
import type { FromProvider, ToProvider } from './wire.js';

/** One call on the fake provider's wire. */
export class ReferenceSession implements FlavorSession {
  readonly events = new FlavorEventQueue();
  /** Resolves when the provider is ready; rejects when the connection ends before. */
  readonly ready: Promise<void>;
  readonly #call: CallContext;
  readonly #config: ReferenceConfig;
  readonly #socket: WebSocket;
  /** Rises with every interruption: what was asked for before may still be under way, and is dropped. */
  #generation = 0;
  readonly #spoken = new Set<string>();
  /** Tools called and not yet answered, with the results that have come. */
  readonly #tools = new Map<string, ToolResult | undefined>();
  #deadline: NodeJS.Timeout | undefined;

  constructor(call: CallContext, config: ReferenceConfig, socket: WebSocket) {
    this.#call = call;
    this.#config = config;
    this.#socket = socket;
    call.signal.addEventListener('abort', () => this.close(), { once: true });
    this.ready = new Promise((resolve, reject) => {
      socket.on('open', () => {
        const history = call.history.map(lineOf);
        this.#send({ type: 'open', history, tools: call.tools.map(({ name }) => name) });
      });
      socket.on('message', (data) => this.#receive(String(data), resolve));
      socket.on('close', () => {
        reject(new Error('closed'));
        this.#fail(new FlavorError('ERR_FLAVOR_NETWORK', 'the provider closed the connection', true));
      });
    });
    // Whether anybody waits for it or not.
    this.ready.catch(() => undefined);
    socket.on('error', () => socket.terminate());
  }

  write(frame: AudioFrame): void {
    this.#send({ type: 'audio', data: Buffer.from(frame.data).toString('base64') });
  }

  start(): void {
    const text = this.#call.greeting ?? this.#config.greeting;
    if (text !== '') this.#ask({ type: 'say', text });
  }

  speak(request: SpeakRequest): void {
    this.#ask({ type: 'say', text: request.text ?? 'I will do as I am told.' });
  }

  interrupt(): void {
    this.#generation += 1;
    this.#send({ type: 'cancel', generation: this.#generation });
  }

  onVoice(): void {
    // The provider is told of whole turns only.
  }

  endTurn(): void {
    this.#ask({ type: 'end-turn' });
  }

  onPlayout(report: PlayoutReport): void {
    if (report.state !== 'interrupted' || !this.#spoken.has(report.responseId)) return;
    this.#send({ type: 'cut', id: report.responseId, heardText: report.heardText });
  }

  onDtmf(digits: string): void {
    this.#ask({ type: 'digits', digits });
  }

  onToolResult(result: ToolResult): void {
    if (!this.#tools.has(result.id)) return;
    this.#tools.set(result.id, result);
    const results = [...this.#tools.values()];
    if (results.includes(undefined)) return;
    this.#tools.clear();
    const known = results.filter((each) => each !== undefined);
    const reply = known.some((each) => each.reply);
    this.#send({ type: 'tool-results', results: known.map(({ output }) => JSON.stringify(output)), reply });
  }

  async update(patch: SessionPatch): Promise<void> {
    this.#send({ type: 'update', instructions: patch.instructions ?? '' });
  }

  /** Ends the session as aborted. */
  close(): void {
    this.events.push({ type: 'end', reason: 'aborted' });
    clearTimeout(this.#deadline);
    this.#socket.terminate();
  }

  /** Sends what is to be answered in time. */
  #ask(message: ToProvider): void {
    if (this.events.ended) return;
    this.#send(message);
    clearTimeout(this.#deadline);
    // Silence is a fault only where the provider owes something: a turn may end without words.
    if (message.type !== 'end-turn')
      this.#deadline = setTimeout(() => this.#fail(timeoutError()), this.#config.timeoutMs);
  }

  #send(message: ToProvider): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #receive(text: string, ready: () => void): void {
    clearTimeout(this.#deadline);
    const message = parse(text);
    if (!message) {
      const error = new FlavorError('ERR_FLAVOR_PROTOCOL', 'the provider sent something unreadable', true);
      this.events.push({ type: 'warning', error });
    } else if (message.type === 'ready') {
      ready();
    } else {
      this.#onMessage(message);
    }
  }

  #onMessage(message: Exclude<FromProvider, { type: 'ready' }>): void {
    switch (message.type) {
      case 'heard':
        this.events.push({
          type: 'transcript',
          role: 'caller',
          turnId: `turn-${message.turn}`,
          text: message.text,
          final: true,
        });
        return;
      case 'speech': {
        const { id: responseId, text, atMs } = message;
        if (message.generation < this.#generation) return;
        this.#spoken.add(responseId);
        this.events.push({ type: 'text', responseId, text, atMs });
        this.events.push({ type: 'audio', responseId, data: new Uint8Array(Buffer.from(message.data, 'base64')) });
        return;
      }
      case 'speech-done':
        if (message.generation < this.#generation) return;
        this.events.push({ type: 'audio-done', responseId: message.id });
        return;
      case 'tools':
        for (const { id, name, arguments: args } of message.calls) {
          this.#tools.set(id, undefined);
          this.events.push({ type: 'tool-call', id, name, arguments: args });
        }
        return;
      case 'error':
        this.#fail(statusError(message.status));
        return;
    }
  }

  #fail(error: FlavorError): void {
    this.events.push({ type: 'end', reason: 'failed', error });
    clearTimeout(this.#deadline);
    this.#socket.terminate();
  }
}

function lineOf(item: ConversationItem): string {
  if (item.role === 'caller') return item.text;
  return item.role === 'agent' ? item.heardText : `${item.name}: ${JSON.stringify(item.output)}`;
}

function parse(text: string): FromProvider | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
