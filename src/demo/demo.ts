import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, createSystemClock, type TimerHandle } from '../base/clock.js';
import { createSystemRandom } from '../base/random.js';
import { createFliteVoice } from '../cascade/index.js';
import { configError } from '../config/config-issue.js';
import { loadConfig } from '../config/load-config.js';
import { createConnector, type VoiceConnector } from '../connector.js';
import type { CallEvent } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import { PhoneCall } from '../phone/phone-call.js';
import { createPhoneParts } from '../phone/phone-parts.js';
import { toPhoneSamples } from '../phone/phone-samples.js';
import { lastAudibleMs, measuredFigures, readStereoRecording, writePicture } from './call-picture.js';
import { AgentWatch, type CallerLines, callerTexts, playScript, type ScriptOutcome } from './caller-script.js';
import { DEMO_NUMBER, demoConfig } from './demo-config.js';
import { narrate } from './narrator.js';

export interface DemoOptions {
  /** Where the results go; made if missing. Relative to `cwd`. */
  readonly directory: string;
  readonly cwd: string;
  /** Takes progress and the closing table, a line at a time. */
  tell(line: string): void;
  /** Ends the call, and with it the demo, which then rejects; everything is closed first. */
  readonly signal?: AbortSignal;
}

export interface DemoResult {
  /** The call came about, was interrupted, and ended as it should. */
  readonly ok: boolean;
  readonly directory: string;
  readonly files: readonly string[];
  readonly figures: readonly (readonly [name: string, value: string])[];
  readonly record: CallRecord;
}

/** Time the connector has to write its record once the phone has hung up, ms. */
const RECORD_MS = 10_000;

/** The voice of the caller; the agent speaks with another. */
const CALLER_VOICE = 'rms';

/**
 * Plays a whole call over SIP and RTP on loopback: a connector with the talking echo, and a scripted phone. Leaves the
 * recording, the call record and a picture of the call. Throws what `start` throws, an `Error` when there was no such call,
 * and the reason of `signal`.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { tell, signal } = options;
  const directory = resolve(options.cwd, options.directory);
  const clock = createSystemClock();
  const startedMs = clock.now();
  await mkdir(directory, { recursive: true });
  tell('Preparing two voices, one for the caller and one for the agent ...');
  const lines = await synthesiseLines(signal);
  await using connector = await startConnector(directory, clock);
  const watch = new AgentWatch();
  const events: CallEvent[] = [];
  const ended = new Promise<CallRecord>((done) => {
    connector.onEvent((event) => {
      events.push(event);
      watch.onEvent(event);
      const line = narrate(event, clock.now() - startedMs);
      if (line !== undefined) tell(line);
      if (event.type === 'call-ended') done(event.record);
    });
  });
  const { sip } = await connector.start();
  const port = sip[0]?.port ?? 0;
  tell(`The connector answers at sip:${DEMO_NUMBER}@127.0.0.1:${port}; a phone is dialling it.`);
  const uri = `sip:${DEMO_NUMBER}@127.0.0.1:${port}`;
  const script = await callAsScripted({ uri, lines, watch, clock, tell, signal });
  const record = await within(RECORD_MS, clock, ended);
  if (signal?.aborted) {
    await rm(join(directory, 'recordings'), { recursive: true, force: true });
    throw signal.reason;
  }
  return await finish(directory, record, script, events, tell);
}

/** What `work` gives, if it does so in time. */
async function within<T>(limitMs: number, clock: Clock, work: Promise<T>): Promise<T> {
  let timer: TimerHandle | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => reject(new Error('the connector wrote no record of the call')), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clock.clearTimeout(timer);
  }
}

async function synthesiseLines(signal: AbortSignal | undefined): Promise<CallerLines> {
  await using voice = createFliteVoice({ voice: CALLER_VOICE });
  const speak = async (text: string): Promise<CallerLines['request']> => {
    const speech = await voice.speak(text, signal);
    return { text, samples: toPhoneSamples({ samples: speech.pcm, sampleRate: speech.sampleRate }) };
  };
  return {
    request: await speak(callerTexts.request),
    interruption: await speak(callerTexts.interruption),
  };
}

async function startConnector(directory: string, clock: Clock): Promise<VoiceConnector> {
  const file = join(directory, 'connector.yaml');
  await writeFile(file, demoConfig(directory));
  const env = { DEMO_ADMIN_TOKEN: createSystemRandom().hex(24) };
  const loaded = await loadConfig(file, { env, cwd: directory });
  if (!loaded.ok) throw configError(loaded.errors);
  return createConnector(loaded.config, { clock });
}

interface Scene {
  readonly uri: string;
  readonly lines: CallerLines;
  readonly watch: AgentWatch;
  readonly clock: Clock;
  readonly tell: DemoOptions['tell'];
  readonly signal: AbortSignal | undefined;
}

/** One scripted call. `answeredMs`: {@link Clock.now} at its answer. */
async function callAsScripted(scene: Scene): Promise<ScriptOutcome & { readonly answeredMs: number }> {
  const { uri, lines, watch, clock, tell, signal } = scene;
  const random = createSystemRandom();
  await using parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, { clock, random });
  let answeredMs = clock.now();
  const call = new PhoneCall(
    {
      uri,
      fromUser: 'demo',
      codecs: ['pcmu'],
      onEvent: (event) => {
        if (event.type === 'answered') answeredMs = event.atMs;
      },
    },
    { ...parts, clock, random },
  );
  const hangUp = (): void => call.hangUp();
  signal?.addEventListener('abort', hangUp, { once: true });
  signal?.throwIfAborted();
  await call.dial();
  const answered = await call.answered;
  signal?.throwIfAborted();
  if (!answered) throw new Error(`the call was not answered: ${(await call.ended).status}`);
  const outcome = await playScript(call, lines, watch, clock, tell);
  return { ...outcome, answeredMs };
}

async function finish(
  directory: string,
  record: CallRecord,
  script: ScriptOutcome & { readonly answeredMs: number },
  events: readonly CallEvent[],
  tell: (line: string) => void,
): Promise<DemoResult> {
  if (record.recording === null) throw new Error('the call left no recording');
  await rename(record.recording, join(directory, 'call.wav'));
  await rm(join(directory, 'recordings'), { recursive: true, force: true });
  const kept: CallRecord = { ...record, recording: 'call.wav' };
  await writeFile(join(directory, 'call.json'), `${JSON.stringify(kept, null, 2)}\n`);
  const samples = await readStereoRecording(join(directory, 'call.wav'));
  const setup = events.find((event) => event.type === 'call-answered');
  const figures = [
    ...measuredFigures(record, setup?.setupMs ?? 0),
    ...wavAgreement(record, samples.agent),
  ] satisfies DemoResult['figures'];
  tell('Drawing the picture ...');
  await writePicture(directory, {
    title: 'A phone call, as the connector saw it',
    subtitle: `${record.startedAt} · flavor ${record.flavor} · ${record.codec?.toUpperCase()} · SIP and RTP over UDP on loopback`,
    caller: samples.caller,
    agent: samples.agent,
    record,
    callerSpeech: script.spoken.map(({ text, startMs, endMs }) => ({
      label: `“${text}”`,
      startMs: startMs - script.answeredMs,
      endMs: endMs - script.answeredMs,
    })),
    digits: script.pressed.map(({ digit, atMs }) => ({ digit, atMs: atMs - script.answeredMs })),
    figures,
  });
  const files = ['call.wav', 'call.json', 'timeline.svg', 'timeline.png'];
  const width = Math.max(...figures.map(([name]) => name.length));
  tell('');
  for (const [name, value] of figures) tell(`  ${name.padEnd(width)}  ${value}`);
  tell('');
  for (const file of files) tell(`  ${join(directory, file)}`);
  const ok = record.cause.text === 'normal' && record.turns.some((turn) => turn.interrupted);
  if (!ok) tell(`\nThe call did not go as it should: ended by the ${record.endedBy}, ${record.cause.text}.`);
  return { ok, directory, files, figures, record: kept };
}

/** The recording against the record: when the interrupted agent was last audible, and what the record says. */
function wavAgreement(record: CallRecord, agent: Int16Array): (readonly [string, string])[] {
  const cutOff = record.turns.find((turn) => turn.interrupted);
  if (!cutOff) return [];
  const audibleMs = lastAudibleMs(agent, cutOff.endedMs + 100);
  if (audibleMs === undefined) return [];
  const difference = Math.round(audibleMs - (cutOff.startedMs + cutOff.heardMs));
  return [['Interrupted sentence: end in call.wav against the record', `${difference > 0 ? '+' : ''}${difference} ms`]];
}
