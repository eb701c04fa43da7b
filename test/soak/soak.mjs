/**
 * Measures what takes longer than a test may: `npm run soak [-- PART ...]`, all parts when none is named. The exit code
 * says whether all goals were kept.
 *
 * `echo drift load many leak`: the connector runs in this process (for its heap); callers are other programs: SIPp, and
 * `echo_calls.py` with the kernel's receive time stamps. Each part prints one line of JSON.
 *
 * `latency truncation greeting barge-in faults random-faults`: whole calls with the flavor `openai-realtime` and a scripted provider, in `openai/`. Each
 * part prints tables.
 *
 * `cascade-latency cascade-eager cascade-interruptions cascade-patience cascade-fail-over cascade-load`: whole calls with the flavor
 * `deepgram` and scripted providers, in `cascade/`; `cascade-leak`: 10,000 sessions of it without a phone. `cascade-real-ear`: callers
 * whom PocketSphinx hears, which is installed for it.
 *
 * `first-sound`: what the engines of speech servers add to the servers' own time, in `voices/`.
 *
 * `router-calls`: whole calls with three tiers over HTTP fakes, of which one is killed in the middle of a sentence, in `voices/`.
 * With `SOAK_SECOND=streams`, `whole` or `voice` all second tiers of `router-calls` are of that kind.
 *
 * `router`: tiers of `chatterbox-custom` that die in the middle of a sentence, and a crowd, at simulated time, in `cascade/`.
 *
 * `burst first-rtp strain`: speech at ten times its pace, the wait for the first packet, and a main thread that is kept
 * busy, in whole calls; `wire`: what messages with audio
 * cost; `concealment`: how lost packets sound; in `media/`. `silero`, only when named: what Silero's model costs and hears; it needs
 * `sherpa-onnx-node` and a model: `SOAK_SILERO=/path/silero_vad.onnx`.
 *
 * `fuzz overload calls`: hostile messages, a flood of INVITEs, 30,000 calls, in `sip/`.
 *
 * `turns heard`: turn-taking on the caller corpus, and heard text, at simulated time, in `turns/`.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createConnector, loadConfig } from 'sip-voice-connector';
import { installTools } from '../tools/install.mjs';
import { provideSphinx } from '../tools/sphinx.mjs';
import { findTool } from '../tools/tools.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const wait = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function run(command, args, env = process.env) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text) => {
      output += text;
    });
    child.stderr.on('data', (text) => {
      output += text;
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, output }));
  });
}

/** @param {string} directory */
async function startConnector(directory) {
  const file = join(directory, 'connector.yaml');
  await writeFile(
    file,
    `signaling: { driver: embedded, embedded: { listen: [udp:127.0.0.1:0], allow: [127.0.0.0/8] } }
media: { bind: 127.0.0.1 }
limits: { calls: 200, callsPerSecond: 100, perSourcePerSecond: 100, rtpTimeoutSeconds: 60, callSeconds: 7200 }
admin: { listen: "127.0.0.1:0", token: soak-token-of-this-process }
cdr: { path: ${JSON.stringify(join(directory, 'cdr.jsonl'))} }
flavors: { bare-echo: { use: echo, mode: immediate } }
routes: [{ match: { to: "2001" }, flavor: bare-echo }]
`,
  );
  const loaded = await loadConfig(file, { env: {}, cwd: directory });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  const connector = createConnector(loaded.config);
  const { sip, admin } = await connector.start();
  return { connector, port: sip[0]?.port ?? 0, admin };
}

/**
 * @param {number} port
 * @param {number} calls
 * @param {number} seconds
 */
async function echoCalls(port, calls, seconds) {
  const args = ['--port', String(port), '--calls', String(calls), '--seconds', String(seconds)];
  const { code, output } = await run('python3', [join(here, 'echo_calls.py'), ...args]);
  if (code !== 0) throw new Error(`echo_calls.py failed: ${output}`);
  return JSON.parse(output);
}

/**
 * @param {number} port
 * @param {number} calls
 * @param {number} perSecond
 * @param {string} directory
 */
async function load(port, calls, perSecond, directory) {
  const { command, env } = findTool('sipp');
  const args = [
    '-sf',
    join(here, 'load.xml'),
    '-s',
    '2001',
    '-i',
    '127.0.0.1',
    '-m',
    String(calls),
    '-r',
    String(perSecond),
  ];
  const more = ['-l', '1000', '-nostdin', '-trace_stat', '-fd', '3600', '-stf', join(directory, 'stat.csv')];
  const began = Date.now();
  const { code, output } = await run(command, [...args, ...more, `127.0.0.1:${port}`], { ...process.env, ...env });
  const rows = (await readFile(join(directory, 'stat.csv'), 'utf8')).trim().split('\n');
  const names = rows[0]?.split(';') ?? [];
  const last = rows.at(-1)?.split(';') ?? [];
  const figure = (/** @type {string} */ name) => Number(last[names.indexOf(name)]);
  await rm(join(directory, 'stat.csv'));
  return {
    exitCode: code,
    succeeded: figure('SuccessfulCall(C)'),
    failed: figure('FailedCall(C)'),
    retransmissions: figure('Retransmissions(C)'),
    seconds: Math.round((Date.now() - began) / 100) / 10,
    ...(code === 0 ? {} : { output: output.slice(-600) }),
  };
}

/** @param {{ host: string, port: number }} admin */
async function mediaPorts(admin) {
  const response = await fetch(`http://${admin.host}:${admin.port}/metrics`, {
    headers: { authorization: 'Bearer soak-token-of-this-process' },
  });
  const text = await response.text();
  const value = (/** @type {string} */ state) =>
    Number(new RegExp(`voice_connector_media_ports\\{state="${state}"\\} (\\d+)`).exec(text)?.[1]);
  return { open: value('open'), resting: value('resting'), free: value('free') };
}

/** @param {{ host: string, port: number }} admin */
async function settled(admin) {
  if (!globalThis.gc) throw new Error('run with --expose-gc');
  const ports = await mediaPorts(admin);
  await wait(500);
  for (let round = 0; round < 4; round += 1) globalThis.gc();
  const descriptors = (await readdir('/proc/self/fd')).length;
  return { descriptors, ports, heapBytes: process.memoryUsage().heapUsed };
}

/** @type {Record<string, (context: { port: number, admin: { host: string, port: number }, directory: string }) => Promise<{ ok: boolean, figures: object }>>} */
const parts = {
  /** One call for a minute. */
  async echo({ port }) {
    const figures = await echoCalls(port, 1, 60);
    const ok =
      figures.roundTripMs.p95 <= 80 && figures.pacingDeviationMs.p99 <= 3 && figures.packets.sequenceGaps === 0;
    return { ok, figures };
  },

  /** One call for ten minutes, or what `SOAK_SCALE` makes of them. */
  async drift({ port }) {
    const figures = await echoCalls(port, 1, 600 * Number(process.env['SOAK_SCALE'] ?? 1));
    return { ok: Math.abs(figures.driftPpm.worst) <= 50 && figures.packets.sequenceGaps === 0, figures };
  },

  /** 1,000 calls of 2 s at 50 per second; then INVITE to 200 on calls one after another. */
  async load({ port, directory }) {
    const figures = await load(port, 1000, 50, directory);
    const setups = [];
    for (let call = 0; call < 40; call += 1) setups.push((await echoCalls(port, 1, 0.3)).inviteTo200Ms.p50);
    setups.sort((a, b) => a - b);
    const inviteTo200Ms = { p50: setups[20], p95: setups[38] };
    return { ok: figures.succeeded === 1000 && setups[38] <= 20, figures: { ...figures, inviteTo200Ms } };
  },

  /** 50 calls at once, with audio both ways. */
  async many({ port }) {
    const figures = await echoCalls(port, 50, 30);
    const { audioNeverReturned, sequenceGaps } = figures.packets;
    return { ok: figures.ended === 50 && audioNeverReturned === 0 && sequenceGaps === 0, figures };
  },

  /** 2,000 calls and 70 s of rest: everything as at the start. */
  async leak({ port, admin, directory }) {
    await load(port, 200, 50, directory);
    await wait(70_000);
    const before = await settled(admin);
    const calls = await load(port, 2000, 50, directory);
    await wait(70_000);
    const after = await settled(admin);
    const bytesPerCall = Math.round((after.heapBytes - before.heapBytes) / 2000);
    const samePorts = JSON.stringify(before.ports) === JSON.stringify(after.ports);
    const ok = calls.succeeded === 2000 && bytesPerCall < 1024 && samePorts && after.descriptors === before.descriptors;
    return { ok, figures: { calls, before, after, heapBytesPerCall: bytesPerCall } };
  },
};

/** Parts that `cascade/main.ts` has. */
const cascadeParts = [
  'router',
  'cascade-latency',
  'cascade-eager',
  'cascade-interruptions',
  'cascade-patience',
  'cascade-fail-over',
  'cascade-load',
  'cascade-leak',
  'cascade-real-ear',
];
/** Parts that `openai/main.ts` has. */
const realtimeParts = ['latency', 'truncation', 'greeting', 'barge-in', 'faults', 'random-faults'];
/** Parts that `media/main.ts` has. */
const mediaParts = ['burst', 'concealment', 'first-rtp', 'strain', 'wire'];
/** Of the media plane, too, but only when named: it needs a model, of which the repository has none. */
const modelParts = ['silero'];
/** Parts that `voices/main.ts` has. */
const voiceParts = ['first-sound', 'first-packet', 'router-calls'];
/** Parts that `turns/main.ts` has. */
const turnParts = ['turns', 'heard'];
/** Parts that `sip/main.ts` has. */
const sipParts = ['fuzz', 'overload', 'calls'];

/** @param {readonly string[]} names */
async function measureEcho(names) {
  await installTools((line) => process.stderr.write(`${line}\n`));
  const directory = await mkdtemp(join(tmpdir(), 'voice-connector-soak-'));
  const { connector, port, admin } = await startConnector(directory);
  let failed = 0;
  try {
    for (const name of names) {
      const part = parts[name];
      if (!part) continue;
      const { ok, figures } = await part({ port, admin, directory });
      if (!ok) failed += 1;
      process.stdout.write(`${JSON.stringify({ part: name, ok, ...figures })}\n`);
    }
  } finally {
    await connector.stop();
    await rm(directory, { recursive: true, force: true });
  }
  return failed === 0;
}

/**
 * @param {readonly string[]} names
 * @returns {Promise<NodeJS.ProcessEnv>} What the parts of cascades need to know of tools.
 */
async function cascadeTools(names) {
  if (!names.includes('cascade-real-ear')) return {};
  return { SOAK_SPHINX: JSON.stringify(await provideSphinx((line) => process.stderr.write(`${line}\n`))) };
}

/**
 * @param {'openai' | 'turns' | 'sip' | 'cascade' | 'voices' | 'media'} folder
 * @param {readonly string[]} names
 * @param {NodeJS.ProcessEnv} [env] Besides our own.
 * @returns {Promise<boolean>}
 */
function measureIn(folder, names, env = {}) {
  const main = join(here, `../../dist/test/soak/${folder}/main.js`);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [main, ...names], { stdio: 'inherit', env: { ...process.env, ...env } });
    child.on('error', reject);
    child.on('close', (code) => resolve(code === 0));
  });
}

const all = [
  ...Object.keys(parts),
  ...sipParts,
  ...turnParts,
  ...realtimeParts,
  ...mediaParts,
  ...cascadeParts,
  ...voiceParts,
];
const names = process.argv.slice(2).length > 0 ? process.argv.slice(2) : all;
const known = [...all, ...modelParts];
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown: ${unknown.join(', ')}; there are: ${known.join(', ')}\n`);
  process.exit(2);
}
const echoNames = names.filter((name) => name in parts);
const sipNames = names.filter((name) => sipParts.includes(name));
const turnNames = names.filter((name) => turnParts.includes(name));
const realtimeNames = names.filter((name) => realtimeParts.includes(name));
const mediaNames = names.filter((name) => mediaParts.includes(name) || modelParts.includes(name));
const cascadeNames = names.filter((name) => cascadeParts.includes(name));
const voiceNames = names.filter((name) => voiceParts.includes(name));
const kept = [
  echoNames.length === 0 || (await measureEcho(echoNames)),
  sipNames.length === 0 || (await measureIn('sip', sipNames)),
  turnNames.length === 0 || (await measureIn('turns', turnNames)),
  realtimeNames.length === 0 || (await measureIn('openai', realtimeNames)),
  mediaNames.length === 0 || (await measureIn('media', mediaNames)),
  cascadeNames.length === 0 || (await measureIn('cascade', cascadeNames, await cascadeTools(cascadeNames))),
  voiceNames.length === 0 || (await measureIn('voices', voiceNames)),
];
process.exitCode = kept.every(Boolean) ? 0 : 1;
