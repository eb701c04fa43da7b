import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { createSystemClock } from '../../../src/base/clock.js';
import { createFliteVoice, type FliteVoice, type FliteVoiceName } from '../../../src/cascade/flite/flite-voice.js';
import type { ProviderControl, ProviderFault } from '../../../src/flavor-testkit/harness.js';
import { refuseUpgrade } from '../openai-realtime/listener.js';
import { type KnownUtterance, Recogniser } from '../openai-realtime/recogniser.js';
import { kitFaults, type SpeechFaultOptions, SpeechFaults } from '../speech-server/faults.js';
import { passed } from '../speech-server/voice.js';
import { answerTranscription, refusalOf } from './answers.js';
import { faultsOfAll, isWhisperFault, type WhisperFault } from './faults.js';
import { type ReadForm, readForm } from './form.js';
import { type Heard, Hearing } from './hearing.js';
import { type FakeWhisperOptions, fakeWhisperDefaults } from './options.js';
import { RealtimeFakeSession } from './realtime.js';

/** The longest request that is taken, bytes: OpenAI's limit. */
const MAX_BODY_BYTES = 25 * 1_048_576;
const LATE_MS = 5_000;

/** One recording as it came. Times are of the fake's clock, ms. */
export interface WhisperRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  readonly audioMs: number;
  readonly voicedMs: number;
  readonly atMs: number;
  text?: string;
  doneAtMs?: number;
  /** The client went away before the answer. */
  abortedAtMs?: number;
}

/** Starts a fake on loopback. Resolves when it listens and knows the utterances. */
export async function startFakeWhisper(options: Partial<FakeWhisperOptions> = {}): Promise<FakeWhisper> {
  const fake = new FakeWhisper({ ...fakeWhisperDefaults, clock: createSystemClock(), ...options });
  await fake.listen();
  return fake;
}

/** A running fake; made by {@link startFakeWhisper}. */
export class FakeWhisper implements ProviderControl, AsyncDisposable {
  readonly name = 'stt';
  /** Recordings, in order of arrival. */
  readonly recordings: WhisperRequest[] = [];
  /** Requests of any kind, as `METHOD path`. */
  readonly seen: string[] = [];
  readonly #options: FakeWhisperOptions;
  readonly #faults = new SpeechFaults<WhisperFault>();
  readonly #server: Server;
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();
  readonly #limit: number;
  readonly #queue: (() => void)[] = [];
  #working = 0;
  #mostAtOnce = 0;
  #hearing = new Hearing(new Recogniser([]), []);

  constructor(options: FakeWhisperOptions) {
    this.#options = options;
    this.#limit = options.concurrency ?? (options.variant === 'whisper.cpp' ? 1 : 4);
    this.#server = createServer((incoming, response) => {
      this.#serve(incoming, response).catch(() => response.destroy());
    });
    this.#server.on('upgrade', (request, socket, head) => this.#onUpgrade(request, socket, head));
    this.#server.on('connection', (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => this.#sockets.delete(socket));
    });
  }

  async listen(): Promise<void> {
    this.#hearing = new Hearing(new Recogniser(await this.#learn()), this.#options.lines);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#options.port, '127.0.0.1', resolve);
    });
  }

  /** `http://127.0.0.1:PORT`. */
  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What `url` of the configuration is set to. */
  get url(): string {
    return this.#options.variant === 'whisper.cpp' ? this.origin : `${this.origin}/v1`;
  }

  /** Recordings that were there at the same time, at most. */
  get mostAtOnce(): number {
    return this.#mostAtOnce;
  }

  fail(fault: WhisperFault | ProviderFault, options: SpeechFaultOptions = {}): void {
    const name = isWhisperFault(fault) ? fault : kitFaults[fault];
    if (isWhisperFault(name)) this.#faults.add(name, options);
  }

  recover(): void {
    this.#faults.clear();
  }

  malformNext(): void {
    this.#faults.add('malformed', { times: 1 });
  }

  connections(): number {
    return this.#sockets.size;
  }

  requests(): readonly [] {
    return [];
  }

  /** Breaks every connection, as a crash would. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#webSockets.close();
    this.drop();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { variant, apiKey, models, clock } = this.#options;
    const path = (incoming.url ?? '/').split('?')[0] ?? '/';
    const body = await bodyOf(incoming);
    this.seen.push(`${incoming.method} ${path}`);
    const isRecording = incoming.method === 'POST' && path === transcriptionPath(variant);
    const faults = isRecording || faultsOfAll.some((name) => this.#faults.has(name)) ? this.#faults.take() : new Map();
    if (faults.has('refused')) return void incoming.socket.destroy();
    if (faults.has('hang')) return;
    if (faults.has('slow-first-byte')) {
      await passed(faults.get('slow-first-byte')?.delayMs ?? LATE_MS, clock, this.#closing.signal);
    }
    const authorization = incoming.headers.authorization;
    const refuse = (status: number): void => refusalOf(variant, status).send(response);
    if (faults.has('loading')) return refuse(404);
    const status = [...faults.keys()].find((name) => /^\d{3}$/.test(name));
    if (status !== undefined) return refuse(Number(status));
    if (apiKey !== undefined && authorization !== `Bearer ${apiKey}`) return refuse(401);
    if (path === '/health') {
      const health = variant === 'whisper.cpp' ? { status: 'ok' } : { message: 'OK' };
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(health));
    }
    if (path === '/v1/models' && variant !== 'whisper.cpp' && !faults.has('no-list')) {
      const data = models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'fake' }));
      const list = JSON.stringify({ data, object: 'list' });
      return void response.writeHead(200, { 'content-type': 'application/json' }).end(list);
    }
    if (!isRecording) return refuse(404);
    const form = readForm(incoming.headers['content-type'] ?? '', body);
    if (form === undefined) return refuse(400);
    await this.#transcribe(form, path, authorization, faults, response);
  }

  async #transcribe(
    form: ReadForm,
    path: string,
    authorization: string | undefined,
    faults: ReadonlyMap<WhisperFault, SpeechFaultOptions>,
    response: ServerResponse,
  ): Promise<void> {
    const { variant, models, clock } = this.#options;
    const { heard, request } = this.#hear(form, path, authorization);
    const gone = new AbortController();
    response.once('close', () => {
      if (response.writableFinished) request.doneAtMs = clock.now();
      else request.abortedAtMs = clock.now();
      gone.abort();
    });
    if (variant !== 'whisper.cpp' && !models.includes(form.fields['model'] ?? '')) {
      return refusalOf(variant, 404).send(response);
    }
    // Of OpenAI's models only Whisper tells its doubts.
    const { response_format: format, model = '' } = form.fields;
    const noVerbose = faults.has('no-verbose') || (variant === 'openai' && model.startsWith('gpt-'));
    if (noVerbose && format === 'verbose_json') {
      return refusalOf(variant, 400).send(response);
    }
    const signal = AbortSignal.any([gone.signal, this.#closing.signal]);
    await this.#work(heard.durationMs, signal, async () => {
      const text = said(heard, faults);
      request.text = text;
      await answerTranscription({ variant, fields: form.fields, heard: { ...heard, text }, faults, response, signal });
    });
  }

  #hear(
    form: ReadForm,
    path: string,
    authorization: string | undefined,
  ): { readonly heard: Heard; readonly request: WhisperRequest } {
    const heard = this.#hearing.hear(form.file);
    const { durationMs: audioMs, voicedMs } = heard;
    const atMs = this.#options.clock.now();
    const request: WhisperRequest = { path, authorization, fields: form.fields, audioMs, voicedMs, atMs };
    this.recordings.push(request);
    return { heard, request };
  }

  /** Has `done` happen when it is this recording's turn, and its time has passed. */
  async #work(audioMs: number, signal: AbortSignal, done: () => Promise<void>): Promise<void> {
    const { clock, baseMs, realTimeFactor } = this.#options;
    await this.#place();
    try {
      await passed(baseMs + realTimeFactor * audioMs, clock, signal);
      await done();
    } finally {
      this.#working -= 1;
      this.#queue.shift()?.();
    }
  }

  /** The WebSocket of speaches. */
  #onUpgrade(incoming: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => {});
    const { apiKey, models, variant, clock, sessionMs } = this.#options;
    const url = new URL(incoming.url ?? '/', 'http://fake');
    this.seen.push(`UPGRADE ${url.pathname}`);
    const authorization = incoming.headers.authorization;
    const faults = this.#faults.take();
    if (faults.has('refused')) {
      socket.destroy();
      return;
    }
    // uvicorn knows one answer to a key that is refused before the handshake.
    const status = [...faults.keys()].find((name) => /^\d{3}$/.test(name))?.replace('401', '403');
    const isKey = apiKey === undefined || authorization === `Bearer ${apiKey}`;
    const there = variant === 'speaches' && url.pathname === '/v1/realtime';
    if (status !== undefined || !isKey || !there) {
      refuseUpgrade(socket, there ? Number(status ?? 403) : 404, {}, {});
      return;
    }
    this.#webSockets.handleUpgrade(incoming, socket, head, (webSocket) => {
      webSocket.on('error', () => {});
      if (faults.has('hang')) return;
      const fields = Object.fromEntries(url.searchParams);
      const model = fields['model'] ?? '';
      const transcribe = async (wav: Buffer): Promise<Heard> => {
        const { heard, request } = this.#hear({ fields, file: wav }, url.pathname, authorization);
        if (!models.includes(model) || faults.has('error-event')) throw new Error('no such model');
        request.text = said(heard, faults);
        await this.#work(heard.durationMs, this.#closing.signal, async () => {
          request.doneAtMs = clock.now();
        });
        return { ...heard, text: request.text };
      };
      new RealtimeFakeSession({ socket: webSocket, model, transcribe, clock, sessionMs });
    });
  }

  async #place(): Promise<void> {
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#working + this.#queue.length + 1);
    if (this.#working >= this.#limit) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#working += 1;
  }

  async #learn(): Promise<readonly KnownUtterance[]> {
    const known: KnownUtterance[] = [];
    const voices = new Map<FliteVoiceName, FliteVoice>();
    for (const utterance of this.#options.utterances) {
      if ('speech' in utterance) known.push(utterance);
      else {
        const { text, spokenAs = text, voice } = utterance;
        const speaker = voices.get(voice) ?? createFliteVoice({ voice, clock: this.#options.clock });
        voices.set(voice, speaker);
        known.push({ text, speech: await speaker.speak(spokenAs) });
      }
    }
    for (const voice of voices.values()) await voice[Symbol.asyncDispose]();
    return known;
  }
}

function said({ text }: Heard, faults: ReadonlyMap<WhisperFault, SpeechFaultOptions>): string {
  if (faults.has('hallucinate')) return 'Thank you.';
  return faults.has('subtitles') ? 'Thanks for watching!' : text;
}

function transcriptionPath(variant: FakeWhisperOptions['variant']): string {
  return variant === 'whisper.cpp' ? '/inference' : '/v1/audio/transcriptions';
}

async function bodyOf(incoming: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of incoming) {
      bytes += (part as Buffer).length;
      if (bytes <= MAX_BODY_BYTES) parts.push(part as Buffer);
    }
  } catch {
    // The client hung up before it had said all.
  }
  return Buffer.concat(parts);
}
