import echo, { defineEcho } from '../../../flavors/echo/index.js';
import type { CallContext, FlavorEvent, FlavorSession, ToolDefinition } from '../../../src/flavor-api/index.js';
import { toneVoice } from './tone-voice.js';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

export const hangUp: ToolDefinition = { name: 'hang_up', description: 'Ends the call.', parameters: {} };

export interface EchoCall {
  readonly session: FlavorSession;
  readonly events: readonly FlavorEvent[];
  readonly controller: AbortController;
  /** Writes frames of 20 ms; each sample holds its own number, so that what comes back can be recognised. */
  listen(ms: number): Promise<void>;
  /** Text of the responses so far. */
  spoken(): readonly string[];
  /** First and last sample number of each playback, and its length in ms. */
  played(): readonly string[];
}

/** A session of the talking echo with a voice that hums. */
export async function openTurns(
  config: Readonly<Record<string, unknown>> = {},
  context: Partial<CallContext> = {},
): Promise<EchoCall> {
  return open({ greeting: '', ...config }, { input: wide, output: wide, ...context });
}

/** A session of the bare echo. */
export async function openImmediate(context: Partial<CallContext> = {}): Promise<EchoCall> {
  return open({ mode: 'immediate' }, { input: narrow, output: narrow, ...context });
}

const wide = { encoding: 'pcm16', sampleRate: 16000 } as const;
const narrow = { encoding: 'mulaw', sampleRate: 8000 } as const;

async function open(
  config: Readonly<Record<string, unknown>>,
  context: Partial<CallContext> & Pick<CallContext, 'input' | 'output'>,
): Promise<EchoCall> {
  const checked = await echo.manifest.configSchema['~standard'].validate(config);
  if (checked.issues) throw new Error(JSON.stringify(checked.issues));
  const controller = new AbortController();
  const flavor = await defineEcho(toneVoice).create(checked.value, { log: silent, now: () => 0 });
  const session = await flavor.open({
    id: 'call-1',
    signal: controller.signal,
    direction: 'inbound',
    from: '+15550100',
    to: '2000',
    headers: new Map(),
    variables: {},
    tools: [hangUp],
    history: [],
    render: (text) => text,
    log: silent,
    ...context,
  });
  const events: FlavorEvent[] = [];
  void (async () => {
    for await (const event of session.events) events.push(event);
  })();
  let positionMs = 0;
  const calmly = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await calmly();
  return {
    session,
    events,
    controller,
    async listen(ms) {
      for (const endMs = positionMs + ms; positionMs < endMs; positionMs += 20) {
        const samples = Int16Array.from({ length: 320 }, (_, index) => (positionMs * 16 + index) % 30_000);
        session.write({ data: new Uint8Array(samples.buffer), positionMs, concealed: false });
      }
      await calmly();
    },
    spoken: () => {
      const texts = new Map<string, string>();
      for (const event of events) {
        if (event.type === 'text') texts.set(event.responseId, (texts.get(event.responseId) ?? '') + event.text);
      }
      return [...texts.values()].map((text) => text.trim());
    },
    played: () => {
      const withText = new Set(events.flatMap((event) => (event.type === 'text' ? [event.responseId] : [])));
      const audio = new Map<string, Uint8Array[]>();
      for (const event of events) {
        if (event.type !== 'audio' || withText.has(event.responseId)) continue;
        audio.set(event.responseId, [...(audio.get(event.responseId) ?? []), event.data]);
      }
      return [...audio.values()].map((chunks) => {
        const bytes = Buffer.concat(chunks);
        const first = bytes.readInt16LE(0) / 16;
        return `${bytes.length / 32} ms from ${first}`;
      });
    },
  };
}
