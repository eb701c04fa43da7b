import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { anthropicCommand } from './anthropic/command.js';
import { azureCommand } from './azure/command.js';
import { chatterboxCommand } from './chatterbox/command.js';
import type { FakeArguments, FakeCommand } from './command.js';
import { deepgramCommand } from './deepgram/command.js';
import { openAiRealtimeCommand } from './openai-realtime/command.js';
import { openAiSpeechCommand } from './openai-speech/command.js';
import { openAiTextCommand } from './openai-text/command.js';
import { replicateCommand } from './replicate/command.js';
import { runPodCommand } from './runpod/command.js';
import { togetherCommand } from './together/command.js';
import { whisperCommand } from './whisper/command.js';

const commands: readonly FakeCommand[] = [
  openAiRealtimeCommand,
  openAiTextCommand,
  anthropicCommand,
  deepgramCommand,
  azureCommand,
  runPodCommand,
  replicateCommand,
  togetherCommand,
  whisperCommand,
  chatterboxCommand,
  openAiSpeechCommand,
];

const USAGE = `usage: npm run fake -- NAME [options]

  --port N       listen on this port of 127.0.0.1 (default: one of the system's choice)
  --key K        let only this API key in (default: any)
  --fault NAME   begin with this fault; may be given several times
  --json         print one line of JSON when ready, {"url": "..."}, and nothing else

${commands.map(described).join('\n\n')}

While it runs, a line on standard input with the name of a fault switches it on, and "recover" all of them off;
"timeline" prints what it has seen so far as one line of JSON, {"timeline": ...}.
`;

function described({ name, options, faults }: FakeCommand): string {
  const lines = [...options, `faults: ${faults.join(', ')}`];
  return [`${name}`, ...lines.map((line) => `  ${line}`)].join('\n');
}

interface Arguments extends FakeArguments {
  readonly command: FakeCommand;
  readonly faults: readonly string[];
  readonly json: boolean;
}

/** The command line, or what is wrong with it. */
function readArguments(args: readonly string[]): Arguments | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        port: { type: 'string', default: '0' },
        key: { type: 'string' },
        beta: { type: 'boolean', default: false },
        variant: { type: 'string' },
        script: { type: 'string' },
        fault: { type: 'string', multiple: true, default: [] },
        json: { type: 'boolean', default: false },
      },
    });
    const { port, key, beta, variant, script, fault: faults, json } = values;
    const command = commands.find(({ name }) => name === positionals.join());
    if (command === undefined) {
      const names = `the fakes are ${commands.map(({ name }) => name).join(', ')}`;
      return positionals.length === 0 ? `name a fake: ${names}` : `there is no fake ${positionals.join(' ')}: ${names}`;
    }
    if (!/^\d+$/.test(port) || Number(port) > 65_535) return `${port} is no port`;
    const unknown = faults.find((name) => !command.faults.includes(name));
    if (unknown !== undefined) return `${command.name} has no fault ${unknown}`;
    if (variant !== undefined && !command.variants.includes(variant))
      return `${command.name} has no variant ${variant}: ${listed(command.variants)}`;
    if (script !== undefined && !command.scripts?.includes(script))
      return `${command.name} has no script ${script}: ${listed(command.scripts ?? [])}`;
    return { command, port: Number(port), key, beta, variant, script, faults, json };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function listed(variants: readonly string[]): string {
  return variants.length === 0 ? 'it has none' : `they are ${variants.join(', ')}`;
}

/** Why a fake does not listen, for who started it by hand. */
function startProblem(error: unknown, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE') return `port ${port} is taken: give another one, or end what listens there`;
  if (code === 'EACCES') return `port ${port} is not for this user: give one above 1023`;
  return error instanceof Error ? error.message : String(error);
}

/** Runs a fake until SIGTERM, SIGINT or the end of its parent's channel. */
async function run({ command, faults, json, ...given }: Arguments): Promise<void> {
  await using fake = await command.start(given);
  for (const fault of faults) fake.fail(fault);
  process.stdout.write(json ? `${JSON.stringify({ url: fake.url })}\n` : fake.introduction);
  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    const word = line.trim();
    if (word === 'recover') fake.recover();
    else if (word === 'timeline') process.stdout.write(`${JSON.stringify({ timeline: fake.timeline() })}\n`);
    else if (command.faults.includes(word)) fake.fail(word);
    else if (word !== '') process.stderr.write(`no fault is called ${word}\n`);
  });
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
    // A parent that has a channel to this process, and is gone without a signal.
    process.once('disconnect', resolve);
  });
  input.close();
}

const given = readArguments(process.argv.slice(2));
if (typeof given === 'string') {
  // Behind the usage, where a terminal shows it.
  process.stderr.write(`${USAGE}\nerror: ${given}\n`);
  process.exitCode = 2;
} else {
  await run(given).catch((error: unknown) => {
    process.stderr.write(`error: ${startProblem(error, given.port ?? 0)}\n`);
    process.exit(1);
  });
}
