import { Command, Option } from 'commander';
import { runDemo } from '../../demo/demo.js';
import type { Scenario } from '../../demo/scenario.js';
import { assistantScenario } from '../../demo/scenarios/assistant.js';
import { chatterboxScenario } from '../../demo/scenarios/chatterbox.js';
import { deepgramScenario } from '../../demo/scenarios/deepgram.js';
import { echoScenario } from '../../demo/scenarios/echo.js';
import { type RealtimeOptions, realtimeScenario } from '../../demo/scenarios/realtime.js';
import type { CliIo } from '../cli-io.js';
import type { ReportExitCode } from '../exit-code.js';
import { tellFailure } from '../failure.js';
import { createInterruption } from '../interruption.js';

const flavors = ['echo', 'openai-realtime', 'deepgram', 'deepgram-agent', 'chatterbox-custom'] as const;

interface Options {
  readonly out: string;
  readonly flavor: (typeof flavors)[number];
  readonly model?: string;
  readonly voice?: string;
  readonly outbound?: true;
  readonly json?: true;
}

/** `voice-connector demo`: a whole spoken call, offline, with a recording, a record and a picture of it. */
export function createDemoCommand(io: CliIo, report: ReportExitCode): Command {
  return new Command('demo')
    .description('a whole spoken call, offline: connector and caller in one, with a recording and a picture of it')
    .option('--out <directory>', 'where call.wav, call.json, timeline.svg and timeline.png go', 'demo-out')
    .addOption(new Option('--flavor <name>', 'who answers').choices(flavors).default('echo'))
    .option('--model <name>', 'of openai-realtime')
    .option('--voice <name>', 'of openai-realtime')
    .option('--outbound', 'the agent rings a salon and books a haircut; with openai-realtime and deepgram')
    .option('--json', 'print one JSON object at the end instead of progress')
    .addHelpText(
      'after',
      `
The flavor openai-realtime calls the real service where OPENAI_API_KEY is set, or the server at OPENAI_REALTIME_URL;
without either, the fake that comes with a clone of the repository. So does deepgram with DEEPGRAM_API_KEY and
OPENAI_API_KEY, deepgram-agent with DEEPGRAM_API_KEY. With chatterbox-custom everything is a fake: a voice over three
tiers, the first of which dies in the middle of a sentence.

Exit code: 0 the call went as it should, 1 not so, 2 wrong usage.

Examples:
  voice-connector demo --out demo-out
  voice-connector demo --flavor openai-realtime
  voice-connector demo --flavor deepgram
  voice-connector demo --flavor chatterbox-custom
  voice-connector demo --flavor openai-realtime --outbound
`,
    )
    .action(async ({ out, flavor, model, voice, outbound, json }: Options, command: Command) => {
      if (outbound && flavor !== 'openai-realtime' && flavor !== 'deepgram') {
        command.error(`error: --outbound is for --flavor openai-realtime and deepgram, not for ${flavor}`);
      }
      const tell = (line: string): void => {
        if (!json) io.stdout.write(`${line}\n`);
      };
      using interruption = createInterruption(io);
      try {
        const { signal } = interruption;
        const scenario = scenarioOf(flavor, { model, voice }, outbound === true);
        const result = await runDemo({ scenario, directory: out, cwd: io.cwd, env: io.env, tell, signal });
        if (json) io.stdout.write(`${JSON.stringify(result)}\n`);
        if (!result.ok) report(1);
      } catch (error) {
        tellFailure('voice-connector demo', error, io, json === true);
        report(1);
      }
    });
}

function scenarioOf(flavor: Options['flavor'], options: RealtimeOptions, outbound: boolean): Scenario {
  switch (flavor) {
    case 'echo':
      return echoScenario;
    case 'openai-realtime':
      if (outbound) return assistantScenario({ flavor, ...options });
      return realtimeScenario(options);
    case 'deepgram':
      if (outbound) return assistantScenario({ flavor, ...options });
      return deepgramScenario({ flavor });
    case 'deepgram-agent':
      return deepgramScenario({ flavor });
    case 'chatterbox-custom':
      return chatterboxScenario();
  }
}
