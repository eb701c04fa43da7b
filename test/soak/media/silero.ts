import { readFile } from 'node:fs/promises';
import { createSystemClock } from '../../../src/base/clock.js';
import { SileroVoiceDetector } from '../../../src/media/silero/silero-detector.js';
import { type SileroEar, SileroService } from '../../../src/media/silero/silero-service.js';
import { createVoiceDetector, type VoiceDetector } from '../../../src/media/voice/vad.js';
import { type CallerSound, callerSounds, type SoundKind } from '../../support/caller-corpus.js';
import { ms, type PartReport, percent, scaled, table } from '../lib/report.js';
import { percentile, spreadOf } from '../lib/statistics.js';

const FRAME = 160;
const FRAME_MS = 20;
/** As on the connector's wheel: calls are spread over so many slots of a frame. */
const SLOTS = 4;
const CALLS = [10, 50, 100] as const;
const SECONDS = 20;
const SNRS_DB = [20, 10, 5, 0] as const;
const SOUNDS = 40;
/** Between two phrases, ms. */
const PAUSES_MS = [200, 300, 400, 500, 600] as const;
/** What starts so long before the sound is a false alarm, ms. */
const EARLY_MS = 100;
/** USER_HZ of Linux: how long a tick of /proc/PID/stat is, ms. */
const TICK_MS = 10;

/**
 * What `media.vad.engine: silero` costs, and how well it hears, beside the gate. Needs the package and a model, of which the repository
 * has neither: `SOAK_SILERO=/path/silero_vad.onnx npm run soak -- silero`; `SOAK_SHERPA=/path/sherpa-onnx.js` where the
 * package is elsewhere.
 */
export async function measureSilero(tell: (line: string) => void, scale: number): Promise<PartReport> {
  const model = process.env['SOAK_SILERO'];
  if (model === undefined) throw new Error('SOAK_SILERO must name the file of a model');
  // Its process keeps nobody from ending.
  const awake = setInterval(() => undefined, 1_000);
  const cost: (readonly string[])[] = [];
  const kinds = ['speech', 'noise'] as const;
  for (const kind of kinds) {
    for (const calls of CALLS) cost.push(await costOf(model, kind, calls, SECONDS * scale, tell));
  }
  const heard: (readonly string[])[] = [];
  for (const kind of ['phrase', 'word', 'cough'] as const) {
    for (const snrDb of SNRS_DB) heard.push(...(await hearing(model, kind, snrDb, scaled(SOUNDS, scale))));
  }
  const split = await pauses(model, scaled(SOUNDS, scale));
  clearInterval(awake);
  return {
    title: `Silero's voice detector: ${model.split('/').at(-1)}`,
    lines: [
      'A frame of each call each 20 ms, in four slots. Per cent of one core a call; the delay is from a frame to the verdict.',
      '',
      ...table(
        [
          'caller',
          'calls',
          'its process',
          'this one',
          'memory, MB',
          'a call more',
          'delay p50, ms',
          'p99',
          'max',
          'unanswered',
        ],
        cost,
      ),
      '',
      `The caller corpus, ${scaled(SOUNDS, scale)} sounds a row. Late: from the first audible sound to the start of speech; of coughs a start is an error.`,
      '',
      ...table(
        [
          'sound',
          'SNR, dB',
          'by',
          'started',
          'late p50, ms',
          'p95',
          'false starts',
          'stopped after p5, ms',
          'p50',
          'p95',
        ],
        heard,
      ),
      '',
      'Two phrases with a pause between them, at 20 dB: in how many of them speech was said to have stopped in it.',
      '',
      ...table(['pause, ms', 'gate', 'silero'], split),
    ],
    findings: [],
  };
}

/** A service, once its process answers. */
async function serviceOf(model: string): Promise<SileroService> {
  const module = process.env['SOAK_SHERPA'];
  const service = new SileroService(
    { model, ...(module !== undefined && { module }) },
    {
      clock: createSystemClock(),
      onUnavailable: (message) => {
        throw new Error(message);
      },
    },
  );
  return service;
}

/** Tells of each verdict on a caller; and of each frame that was not asked about. */
function watch(ear: SileroEar, onVerdict: () => void, onUnasked: () => void = () => undefined): void {
  let speech: boolean | undefined;
  Object.defineProperty(ear, 'speech', {
    get: () => speech,
    set: (value: boolean | undefined) => {
      speech = value;
      if (value === undefined) onUnasked();
      else onVerdict();
    },
  });
}

/** Until the process has answered for this caller. */
async function answered(ear: SileroEar): Promise<void> {
  const frame = new Int16Array(FRAME);
  while (ear.speech === undefined) {
    ear.push(frame);
    await new Promise((resolve) => setTimeout(resolve, FRAME_MS));
  }
}

async function costOf(
  model: string,
  kind: 'speech' | 'noise',
  calls: number,
  seconds: number,
  tell: (line: string) => void,
): Promise<readonly string[]> {
  const service = await serviceOf(model);
  const first = service.open();
  await answered(first);
  const pid = await childOf();
  const memoryOfOne = await memoryMb(pid);
  const ears = [first, ...Array.from({ length: calls - 1 }, () => service.open())];
  for (const ear of ears) await answered(ear);
  const delays: number[] = [];
  const asked: number[] = [];
  let slot = 0;
  watch(
    first,
    () => {
      const at = asked.shift();
      if (at !== undefined) delays.push(performance.now() - at);
    },
    () => {
      if (slot === 0) asked.pop();
    },
  );
  const sound = await soundOf(kind);
  const frames = Math.round((seconds * 1_000) / FRAME_MS);
  const before = await cpuMs(pid);
  const own = process.cpuUsage();
  const began = performance.now();
  for (let turn = 0; turn < frames * SLOTS; turn += 1) {
    const wait = began + (turn * FRAME_MS) / SLOTS - performance.now();
    // Late or not, what was answered is heard first.
    await new Promise((resolve) => (wait > 0 ? setTimeout(resolve, wait) : setImmediate(resolve)));
    const frame = Math.floor(turn / SLOTS);
    slot = turn % SLOTS;
    if (slot === 0) asked.push(performance.now());
    for (const [call, ear] of ears.entries()) {
      if (call % SLOTS !== slot) continue;
      const at = ((frame + call * 37) * FRAME) % (sound.length - FRAME);
      ear.push(sound.subarray(at, at + FRAME));
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 200));
  const wallMs = performance.now() - began;
  const used = process.cpuUsage(own);
  const child = (await cpuMs(pid)) - before;
  const memory = await memoryMb(pid);
  service.close();
  const { p50, p99, max } = spreadOf(delays);
  tell(`silero: ${kind}, ${calls} calls: ${((100 * child) / wallMs).toFixed(1)} % of a core`);
  const each = (cpu: number): string => `${((100 * cpu) / wallMs / calls).toFixed(2)} %`;
  return [
    kind,
    String(calls),
    each(child),
    each((used.user + used.system) / 1_000),
    memory.toFixed(0),
    ((memory - memoryOfOne) / (calls - 1)).toFixed(1),
    ms(p50),
    ms(p99),
    ms(max),
    percent(frames - delays.length, frames),
  ];
}

/** Speech without end, or noise alone, some seconds of it. */
async function soundOf(kind: 'speech' | 'noise'): Promise<Int16Array> {
  const sounds = await callerSounds('test', 'phrase', 20, 4);
  return Int16Array.from(
    sounds.flatMap(({ samples, onsetMs, endMs }) => [
      ...(kind === 'speech' ? samples.subarray(onsetMs * 8, endMs * 8) : samples.subarray(0, (onsetMs - EARLY_MS) * 8)),
    ]),
  );
}

async function childOf(): Promise<number> {
  const text = await readFile(`/proc/self/task/${process.pid}/children`, 'utf8');
  return Number(text.trim().split(' ').at(-1));
}

/** User and system time of a process so far, all its threads. */
async function cpuMs(pid: number): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
}

async function memoryMb(pid: number): Promise<number> {
  const kb = /VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1_000;
}

/** When a detector said that speech began and ended, ms from the beginning of a sound. */
interface Verdicts {
  readonly starts: number[];
  readonly stops: number[];
}

async function hearing(
  model: string,
  kind: SoundKind,
  snrDb: number,
  count: number,
): Promise<readonly (readonly string[])[]> {
  const sounds = await callerSounds('test', kind, snrDb, count);
  const byGate = sounds.map((sound) => listen(createVoiceDetector(), sound));
  const service = await serviceOf(model);
  const byModel: Verdicts[] = [];
  for (const sound of sounds) byModel.push(await listenTogether(service, sound));
  service.close();
  return [row('gate', byGate, sounds), row('silero', byModel, sounds)];
}

async function pauses(model: string, count: number): Promise<readonly (readonly string[])[]> {
  const sounds = await callerSounds('test', 'phrase', 20, count);
  const service = await serviceOf(model);
  const rows: (readonly string[])[] = [];
  for (const pauseMs of PAUSES_MS) {
    const paused = sounds.map((sound) => withPause(sound, pauseMs));
    const stopped = (verdicts: readonly Verdicts[]): string =>
      `${verdicts.filter(({ starts }) => starts.length > 1).length} of ${count}`;
    const byModel: Verdicts[] = [];
    for (const sound of paused) byModel.push(await listenTogether(service, sound));
    rows.push([
      String(pauseMs),
      stopped(paused.map((sound) => listen(createVoiceDetector(), sound))),
      stopped(byModel),
    ]);
  }
  service.close();
  return rows;
}

/** The phrase twice, with so much of its noise between. */
function withPause(sound: CallerSound, pauseMs: number): CallerSound {
  const { samples, onsetMs, endMs } = sound;
  const [onset, end, pause] = [onsetMs, endMs, pauseMs].map((at) => Math.round(at * 8)) as [number, number, number];
  const twice = [...samples.subarray(0, end + pause), ...samples.subarray(onset)];
  return { ...sound, samples: Int16Array.from(twice) };
}

function row(by: string, verdicts: readonly Verdicts[], sounds: readonly CallerSound[]): readonly string[] {
  const late: number[] = [];
  const ends: number[] = [];
  let early = 0;
  for (const [index, { starts, stops }] of verdicts.entries()) {
    const { onsetMs, endMs } = sounds[index] as CallerSound;
    early += starts.filter((at) => at < onsetMs - EARLY_MS || at > endMs + 600).length;
    const first = starts.find((at) => at >= onsetMs - EARLY_MS && at <= endMs + 600);
    if (first !== undefined) late.push(first - onsetMs);
    const last = stops.findLast((at) => at > endMs);
    if (first !== undefined && last !== undefined) ends.push(last - endMs);
  }
  const { kind, snrDb } = sounds[0] as CallerSound;
  const [began, ended] = [spreadOf(late), spreadOf(ends)];
  return [
    kind,
    String(snrDb),
    by,
    `${late.length} of ${sounds.length}`,
    ms(began.p50),
    ms(began.p95),
    String(early),
    ms(percentile(ends, 0.05)),
    ms(ended.p50),
    ms(ended.p95),
  ];
}

function listen(detector: VoiceDetector, { samples }: CallerSound): Verdicts {
  const verdicts: Verdicts = { starts: [], stops: [] };
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    detector.process(samples.subarray(at, at + FRAME));
    note(detector, verdicts, at);
  }
  return verdicts;
}

/** The same with the model: its verdict on a frame is there when the next one comes. */
async function listenTogether(service: SileroService, { samples }: CallerSound): Promise<Verdicts> {
  const verdicts: Verdicts = { starts: [], stops: [] };
  let told: (() => void) | undefined;
  let ear: SileroEar | undefined;
  const detector = new SileroVoiceDetector(createVoiceDetector(), () => {
    ear = service.open();
    return ear;
  });
  detector.useModel(true);
  if (ear === undefined) throw new Error('no ear');
  await answered(ear);
  watch(ear, () => told?.());
  for (let at = 0; at + FRAME <= samples.length; at += FRAME) {
    const verdict = new Promise<void>((resolve) => {
      told = resolve;
    });
    detector.process(samples.subarray(at, at + FRAME));
    note(detector, verdicts, at);
    await verdict;
  }
  detector.useModel(false);
  return verdicts;
}

function note({ changed }: VoiceDetector, verdicts: Verdicts, at: number): void {
  const atMs = (at + FRAME) / 8;
  if (changed === 'started') verdicts.starts.push(atMs);
  else if (changed === 'stopped') verdicts.stops.push(atMs);
}
