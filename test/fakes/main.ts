import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import {
  type FakeOpenAiRealtime,
  type FaultName,
  faultNames,
  isFaultName,
  salonReplies,
  salonUtterances,
  startFakeOpenAiRealtime,
} from './openai-realtime/index.js';

const USAGE = `usage: npm run fake -- openai-realtime [options]

  --port N       listen on this port of 127.0.0.1 (default: one of the system's choice)
  --key K        let only this API key in (default: any)
  --beta         speak the beta dialect, as speaches does
  --fault NAME   begin with this fault; may be given several times
  --json         print one line of JSON when ready, {"url": "ws://..."}, and nothing else

faults: ${faultNames.join(', ')}

While it runs, a line on standard input with the name of a fault switches it on, and "recover" all of them off;
"timeline" prints what it has seen so far as one line of JSON, {"timeline": ...}.
`;

interface Arguments {
  readonly port: number;
  readonly key: string | undefined;
  readonly beta: boolean;
  readonly faults: readonly FaultName[];
  readonly json: boolean;
}

/** The command line, or `undefined` when it is not understood. */
function readArguments(args: readonly string[]): Arguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '0' },
        key: { type: 'string' },
        beta: { type: 'boolean', default: false },
        fault: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
    const { port, key, beta, fault, json } = values;
    const faults = fault.filter(isFaultName);
    const understood = positionals.join() === 'openai-realtime' && /^\d+$/.test(port) && faults.length === fault.length;
    return understood ? { port: Number(port), key, beta, faults, json } : undefined;
  } catch {
    return undefined;
  }
}

/** Runs a fake until SIGTERM, SIGINT or the end of its parent's channel. */
async function run({ port, key, beta, faults, json }: Arguments): Promise<void> {
  await using fake = await startFakeOpenAiRealtime({
    port,
    ...(key === undefined ? {} : { apiKey: key }),
    dialect: beta ? 'beta' : 'ga',
    // The caller of the demo has this voice: it is understood by its sound.
    utterances: salonUtterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
  });
  for (const fault of faults) fake.fail(fault);
  void rehearse(fake);
  process.stdout.write(json ? `${JSON.stringify({ url: fake.url })}\n` : introduction(fake.url, key));
  const commands = createInterface({ input: process.stdin });
  commands.on('line', (line) => {
    const command = line.trim();
    if (command === 'recover') void fake.recover();
    else if (command === 'timeline') process.stdout.write(`${JSON.stringify({ timeline: fake.timeline })}\n`);
    else if (isFaultName(command)) fake.fail(command);
    else if (command !== '') process.stderr.write(`no fault is called ${command}\n`);
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    // A parent that has a channel to this process, and is gone without a signal.
    process.once('disconnect', resolve);
  });
  commands.close();
}

/** Speaks every reply once, so that its first caller waits no longer than the next. One at a time: calls come first. */
async function rehearse(fake: FakeOpenAiRealtime): Promise<void> {
  try {
    for (const text of salonReplies) await fake.warm([text]);
  } catch {
    // It was closed meanwhile.
  }
}

function introduction(url: string, key: string | undefined): string {
  return `A fake of OpenAI's Realtime API listens at ${url}

Point a flavor at it:

  flavors:
    frontdesk: { use: openai-realtime, url: "${url}", apiKey: "${key ?? 'anything'}" }

It answers as a hairdresser's receptionist. Ctrl-C ends it.
`;
}

const given = readArguments(process.argv.slice(2));
if (given === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  await run(given);
}
