import type { Clock, TimerHandle } from '../../../base/clock.js';
import { FlavorError } from '../../../flavor-api/index.js';
import type { HostGuard } from '../shared/host-guard.js';
import { isObject, type JsonObject, objectIn, parseJson, textIn } from '../shared/json.js';
import { type ProviderFailures, ProviderSocket } from '../shared/provider-socket.js';
import type { SharedTls } from '../shared/shared-tls.js';
import { late, protocolFault, statusFailure, transportFailure } from '../speech-server/failures.js';
import type { WhisperListenConfig } from './config.js';

/** What a session tells of the recordings that were committed to it. */
export interface RealtimeListener {
  /** The audio that was committed has this name. In the order of the commits. */
  onCommitted(itemId: string): void;
  onText(itemId: string, text: string): void;
  /** The session is of no more use. The last call. */
  onLost(error: FlavorError): void;
}

/** What a stream needs of a session; tests put another in its place. */
export interface RealtimeConnection {
  /** 24 kHz, 16 bits; copied. */
  append(samples: Int16Array): void;
  commit(): void;
  close(): void;
}

/** What the sessions of a recogniser have in common. */
export interface RealtimeParts {
  readonly clock: Clock;
  readonly tls: SharedTls;
  readonly guard?: HostGuard | undefined;
}

/** What speaches hears, Hz; it makes 16 kHz of it. */
export const REALTIME_SAMPLE_RATE = 24_000;

const WHO = 'speaches';
const MAX_MESSAGE_BYTES = 256 * 1_024;

const failures: ProviderFailures = {
  // A wrong key is told as a refused upgrade: uvicorn makes 403 of a close before the handshake.
  refused: (response) => statusFailure(WHO, response.statusCode ?? 0),
  closed: (code) =>
    code === 1008
      ? new FlavorError('ERR_FLAVOR_AUTH', `${WHO} refused the credentials (close 1008)`, false)
      : new FlavorError('ERR_FLAVOR_NETWORK', `${WHO} closed the connection (close ${code})`, true),
  broken: (cause) => transportFailure(WHO, cause),
  late: (what) => late(WHO, what),
};

/**
 * A transcription session of speaches over its WebSocket, which speaks the beta dialect of OpenAI's Realtime API. Its own
 * voice detection is switched off: recordings end when they are committed here.
 */
export class RealtimeSession implements RealtimeConnection {
  readonly #socket: ProviderSocket;

  /**
   * Resolves when the session has been set up.
   *
   * @throws FlavorError; `signal.reason`
   */
  static async open(
    config: WhisperListenConfig,
    { clock, tls, guard }: RealtimeParts,
    listener: RealtimeListener,
    signal: AbortSignal,
  ): Promise<RealtimeSession> {
    let resolve = (): void => undefined;
    let reject = (_reason: unknown): void => undefined;
    const ready = new Promise<void>((whenReady, whenNot) => {
      resolve = whenReady;
      reject = whenNot;
    });
    ready.catch(() => {});
    let open = false;
    let lost: FlavorError | undefined;
    const lose = (error: FlavorError): void => {
      lost ??= error;
      if (open) listener.onLost(error);
      else reject(error);
    };
    const socket = await ProviderSocket.connect(
      {
        url: urlOf(config),
        headers: config.apiKey === undefined ? {} : { authorization: `Bearer ${config.apiKey}` },
        timeoutMs: config.connectTimeoutMs,
        maxMessageBytes: MAX_MESSAGE_BYTES,
        clock,
        failures,
        tls,
        guard,
      },
      {
        onText(text) {
          const message = parseJson(text);
          if (!isObject(message)) lose(protocolFault(WHO, 'a message that is no JSON object'));
          else if (textIn(message, 'type') === 'session.created') resolve();
          else read(message, listener, lose);
        },
        onBinary: () => lose(protocolFault(WHO, 'a binary message')),
        onLost: lose,
      },
      signal,
    );
    let timer: TimerHandle | undefined;
    const onAbort = (): void => reject(signal.reason);
    try {
      timer = clock.setTimeout(() => reject(late(WHO, 'to begin a session')), config.connectTimeoutMs);
      signal.addEventListener('abort', onAbort, { once: true });
      signal.throwIfAborted();
      await ready;
      // It may have ended in the breath in which it began.
      if (lost !== undefined) throw lost;
    } catch (error) {
      socket.close();
      throw error;
    } finally {
      clock.clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    }
    open = true;
    const session = new RealtimeSession(socket);
    session.#send({ type: 'session.update', session: { turn_detection: null } });
    return session;
  }

  private constructor(socket: ProviderSocket) {
    this.#socket = socket;
  }

  append(samples: Int16Array): void {
    const bytes = Buffer.allocUnsafe(samples.length * 2);
    for (let i = 0; i < samples.length; i += 1) bytes.writeInt16LE(samples[i] as number, 2 * i);
    this.#send({ type: 'input_audio_buffer.append', audio: bytes.toString('base64') });
  }

  commit(): void {
    this.#send({ type: 'input_audio_buffer.commit' });
  }

  close(): void {
    this.#socket.close();
  }

  #send(message: object): void {
    this.#socket.send(JSON.stringify(message));
  }
}

function read(message: JsonObject, listener: RealtimeListener, lose: (error: FlavorError) => void): void {
  const itemId = textIn(message, 'item_id');
  switch (textIn(message, 'type')) {
    case 'input_audio_buffer.committed':
      listener.onCommitted(itemId);
      return;
    case 'conversation.item.input_audio_transcription.completed':
      listener.onText(itemId, textIn(message, 'transcript'));
      return;
    case 'conversation.item.input_audio_transcription.failed':
    case 'error':
      // It does not say which recording: the words of one are lost, and the stream cannot be made whole.
      lose(statusFailure(WHO, 500, [textIn(objectIn(message, 'error'), 'type')]));
      return;
    default:
    // Whatever else happens in a conversation.
  }
}

function urlOf({ url, model, language }: WhisperListenConfig): URL {
  const target = new URL(`${url.replace(/^http/i, 'ws').replace(/\/+$/, '')}/realtime`);
  target.searchParams.set('model', model);
  target.searchParams.set('intent', 'transcription');
  if (language !== undefined) target.searchParams.set('language', language);
  return target;
}
