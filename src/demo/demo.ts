import { rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Clock, createSystemClock, type TimerHandle } from '../base/clock.js';
import { errorCode } from '../base/connector-error.js';
import { fileProblem } from '../base/file-problem.js';
import { makeDirectory } from '../base/make-directory.js';
import { createSystemRandom } from '../base/random.js';
import { loadConfig } from '../config/load-config.js';
import { configError } from '../config/reading/config-issue.js';
import { createConnector, type VoiceConnector } from '../connector.js';
import type { CallEvent } from '../ops/call-event.js';
import type { CallRecord } from '../ops/call-record.js';
import { CallWatch } from './call-watch.js';
import type { Caller } from './caller.js';
import { synthesiseLines } from './caller-voice.js';
import { type DemoAccount, type Figure, failures, hostSpeech, resumedPauses, toolRuns } from './demo-account.js';
import { CallRefused, type PlayedCall, placeCall, receiveCall, whyRefused } from './demo-call.js';
import { DEMO_NUMBER, demoConfig } from './demo-config.js';
import { narrate } from './narrator.js';
import { writePicture } from './picture.js';
import { readStereoRecording } from './recording.js';
import type { Scenario, Stage } from './scenario.js';

export interface DemoOptions<Line extends string = string> {
  readonly scenario: Scenario<Line>;
  /** Where the results go; made if missing. Relative to `cwd`. */
  readonly directory: string;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Takes progress and the closing table, a line at a time. */
  tell(line: string): void;
  /** Ends the call, and with it the demo, which then rejects; everything is closed first. */
  readonly signal?: AbortSignal;
}

export interface DemoResult {
  /** The call came about and went as its scenario wants it. */
  readonly ok: boolean;
  readonly directory: string;
  readonly files: readonly string[];
  readonly figures: readonly Figure[];
  readonly record: CallRecord;
}

/** Time the connector has to write its record once the phone has hung up, ms. */
const RECORD_MS = 10_000;

/**
 * Plays a whole call over SIP and RTP on loopback: a connector with the scenario's agent, and a scripted phone. Leaves
 * the recording, the call record and a picture of the call. Throws what `start` throws, an `Error` when there was no such
 * call or the scenario could not be prepared, and the reason of `signal`.
 */
export async function runDemo<Line extends string>(options: DemoOptions<Line>): Promise<DemoResult> {
  const { scenario, env, tell, signal } = options;
  const directory = resolve(options.cwd, options.directory);
  const clock = createSystemClock();
  const startedMs = clock.now();
  await makeDirectory(directory).catch((cause: unknown) => {
    const problem = fileProblem(cause, 'it cannot be made there');
    const error = new Error(`the directory ${directory} cannot be used: ${problem}`, { cause });
    throw Object.assign(error, { code: errorCode(cause) });
  });
  await using stage = await scenario.open({ env, tell, clock, signal });
  tell('Preparing two voices, one for the caller and one for the agent ...');
  const lines = await synthesiseLines(scenario.lines, signal);
  await using connector = await createDemoConnector(directory, stage, clock);
  const watch = new CallWatch(clock);
  const events: CallEvent[] = [];
  let answeredMs = startedMs;
  const ended = new Promise<CallRecord>((done) => {
    connector.onEvent((event) => {
      events.push(event);
      if (event.type === 'call-answered') answeredMs = clock.now();
      watch.onEvent(event);
      const line = narrate(event, clock.now() - startedMs, stage.called && 'salon');
      if (line !== undefined) tell(line);
      if (event.type === 'call-ended') done(event.record);
    });
  });
  const { sip } = await connector.start();
  const uri = `sip:${DEMO_NUMBER}@127.0.0.1:${sip[0]?.port ?? 0}`;
  tell(
    stage.called === undefined
      ? `The connector answers at ${uri}; a phone is dialling it.`
      : `The connector is asked to call ${stage.called.request.to}.`,
  );
  const play = (caller: Caller<Line>): Promise<void> => stage.play(caller);
  const recorded = (): Promise<CallRecord> => within(RECORD_MS, clock, ended);
  const plan = { lines, watch, clock, tell, signal, play };
  const playing = stage.called
    ? receiveCall({ ...plan, ...stage.called, connector, over: ended })
    : placeCall({ ...plan, uri });
  const played = await playing.catch(async (error: unknown) => {
    throw error instanceof CallRefused ? whyRefused(error, await recorded(), stage.remedy) : error;
  });
  const record = await recorded();
  if (signal?.aborted) {
    await rm(join(directory, 'recordings'), { recursive: true, force: true });
    throw signal.reason;
  }
  const kept = await keepRecording(directory, record);
  const samples = await readStereoRecording(join(directory, 'call.wav'));
  const account: DemoAccount = { record: kept, events, samples, ackMs: played.ackedMs - answeredMs };
  return await finish({ directory, stage, account, played, tell });
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

async function createDemoConnector(
  directory: string,
  stage: Pick<Stage, 'config' | 'env'>,
  clock: Clock,
): Promise<VoiceConnector> {
  const file = join(directory, 'connector.yaml');
  await writeFile(file, demoConfig(directory, stage.config));
  const env = { ...stage.env, DEMO_ADMIN_TOKEN: createSystemRandom().hex(24) };
  const loaded = await loadConfig(file, { env, cwd: directory });
  if (!loaded.ok) throw configError(loaded.errors);
  return createConnector(loaded.config, { clock, warmsUp: true });
}

/** Puts recording and record where they are looked for. The record, with the recording's new name. */
async function keepRecording(directory: string, record: CallRecord): Promise<CallRecord> {
  if (record.recording === null) throw new Error('the call left no recording');
  await rename(record.recording, join(directory, 'call.wav'));
  await rm(join(directory, 'recordings'), { recursive: true, force: true });
  const kept: CallRecord = { ...record, recording: 'call.wav' };
  await writeFile(join(directory, 'call.json'), `${JSON.stringify(kept, null, 2)}\n`);
  return kept;
}

interface Ending {
  readonly directory: string;
  readonly stage: Pick<Stage, 'agent' | 'called' | 'figures' | 'keep' | 'succeeded'>;
  readonly account: DemoAccount;
  readonly played: PlayedCall;
  readonly tell: DemoOptions['tell'];
}

async function finish({ directory, stage, account, played, tell }: Ending): Promise<DemoResult> {
  const { record, samples } = account;
  const figures = await stage.figures(account);
  tell('Drawing the picture ...');
  await writePicture(directory, {
    title: 'A phone call, as the connector saw it',
    subtitle: `${record.startedAt} · ${stage.agent} · ${record.codec?.toUpperCase()} · SIP and RTP over UDP on loopback`,
    otherSide: stage.called ? 'Salon' : 'Caller',
    caller: samples.caller,
    agent: samples.agent,
    record,
    callerSpeech: played.spoken.map(({ text, startMs, endMs }) => ({
      label: `“${text}”`,
      startMs: startMs - played.ackedMs,
      endMs: endMs - played.ackedMs,
    })),
    digits: played.pressed.map(({ digit, atMs }) => ({ digit, atMs: atMs - played.ackedMs })),
    hostSpeech: hostSpeech(account).map(({ text, startMs, endMs }) => ({ label: `“${text}”`, startMs, endMs })),
    pauses: resumedPauses(account),
    tools: toolRuns(account),
    failures: failures(account),
    figures,
  });
  const more = (await stage.keep?.(directory)) ?? [];
  const files = ['call.wav', 'call.json', 'timeline.svg', 'timeline.png', ...more];
  const width = Math.max(...figures.map(([name]) => name.length));
  tell('');
  for (const [name, value] of figures) tell(`  ${name.padEnd(width)}  ${value}`);
  tell('');
  for (const file of files) tell(`  ${join(directory, file)}`);
  const ok = stage.succeeded(record);
  if (!ok) tell(`\nThe call did not go as it should: ended by the ${record.endedBy}, ${record.cause.text}.`);
  return { ok, directory, files, figures, record };
}
