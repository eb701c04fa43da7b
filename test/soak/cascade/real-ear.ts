import { setTimeout as sleep } from 'node:timers/promises';
import type { FliteVoiceName } from '../../../src/cascade/index.js';
import { speak8k } from '../../support/speech.js';
import { type Measure, percent, scaled, table } from '../lib/report.js';
import type { SphinxSetup } from '../lib/sphinx-recogniser.js';
import { CascadeScene } from './scene.js';

const CALLS = 8;
const PATIENCE_MS = 15_000;
const GOAL_SHARE = 0.95;

const voices = ['slt', 'rms', 'awb', 'kal'] as const satisfies readonly FliteVoiceName[];

/** What a caller of a salon may say: 320 sentences and more. */
const grammar = `#JSGF V1.0;
grammar salon;
<day> = monday | tuesday | wednesday | thursday | friday | saturday;
<hour> = nine | ten | eleven | twelve | one | two | three | four | five;
<what> = a haircut | a shave | some highlights | a wash and cut;
<name> = anna | peter | susan | robert;
public <said> = i would like to book <what> on <day> at <hour>
  | can i come on <day> at <hour> instead
  | how much is <what>
  | what time do you open on <day>
  | my name is <name>
  | yes please
  | no thank you;
`;

/** What each caller says, one turn a line. */
const sentences = [
  ['I would like to book a haircut on Tuesday at three', 'Can I come on Saturday at nine instead', 'Yes please'],
  ['How much is a wash and cut', 'I would like to book some highlights on Friday at eleven', 'My name is Peter'],
  ['What time do you open on Wednesday', 'How much is a shave', 'No thank you'],
  ['Can I come on Monday at twelve instead', 'My name is Robert', 'What time do you open on Thursday'],
] as const;

interface Understood {
  readonly voice: FliteVoiceName;
  readonly said: string;
  /** What the model was told that the caller said; `undefined`: it was not asked. */
  readonly told: string | undefined;
}

/**
 * Nobody tells the recogniser what callers will say: their voices go by RTP to the connector, from there to the fake of
 * Deepgram, which lets PocketSphinx hear them, and its words come to the model.
 */
export const measureRealEar: Measure = async (tell, scale) => {
  const sphinx = JSON.parse(process.env['SOAK_SPHINX'] ?? 'null') as Omit<SphinxSetup, 'grammar'> | null;
  if (sphinx === null) throw new Error('pocketsphinx is missing: npm run soak -- cascade-real-ear installs it');
  await using scene = await CascadeScene.open({
    provider: {
      lines: [''],
      answers: [{ text: 'Let me see.' }],
      delays: { interimMs: 50, finalMs: 60, speechMs: 80 },
      eagerSilenceMs: 200,
      endSilenceMs: 300,
      ear: { ...sphinx, grammar },
    },
    flavor: { greeting: 'Good morning, how can I help you?' },
    stt: { model: 'nova-3' },
  });
  const understood: Understood[] = [];
  const calls = scaled(CALLS, scale);
  for (let call = 0; call < calls; call += 1) {
    const voice = voices[call % voices.length] ?? 'slt';
    // The second time round each voice says another set.
    const lines = sentences[(call + Math.floor(call / voices.length)) % sentences.length] ?? [];
    const turns = await listen(scene, `e-${call}`, voice, lines);
    for (const { said, told } of turns) if (!isSame(said, told)) tell(`${voice} "${said}": ${told ?? 'not asked'}`);
    understood.push(...turns);
  }
  const words = understood.flatMap(({ said, told = '' }) => wordsRight(said, told));
  const right = words.filter(Boolean).length;
  const whole = understood.filter(({ said, told }) => isSame(said, told)).length;
  return {
    title: 'A real ear: speech over RTP, PocketSphinx, the model',
    lines: [
      'Four voices say three sentences a call; what the model was asked with, word by word.',
      '',
      ...table(
        ['voice', 'turns', 'asked', 'understood whole'],
        voices.map((voice) => {
          const own = understood.filter((turn) => turn.voice === voice);
          const asked = own.filter(({ told }) => told !== undefined);
          return [voice, own.length, asked.length, own.filter(({ said, told }) => isSame(said, told)).length].map(
            String,
          );
        }),
      ),
    ],
    findings: [
      {
        goal: 'the model is asked once for each turn',
        measured: `${understood.filter(({ told }) => told !== undefined).length} of ${understood.length}`,
        ok: understood.every(({ told }) => told !== undefined) && understood.length > 0,
      },
      {
        goal: `${100 * GOAL_SHARE} % of the words are those that were said`,
        measured: `${percent(right, words.length)} of ${words.length}, ${whole} of ${understood.length} sentences whole`,
        ok: right >= GOAL_SHARE * words.length && words.length > 0,
      },
    ],
  };
};

async function listen(
  scene: CascadeScene,
  from: string,
  voice: FliteVoiceName,
  lines: readonly string[],
): Promise<readonly Understood[]> {
  const spoken = await Promise.all(lines.map((text) => speak8k(`${text}.`, voice)));
  await scene.provider.ask('clear', undefined);
  const caller = scene.caller({ from });
  if (await caller.dial()) {
    await caller.untilHeard(0, PATIENCE_MS);
    for (const samples of spoken) {
      await caller.untilQuiet(600, PATIENCE_MS);
      const { lastVoicedMs } = await caller.say(samples);
      await caller.untilHeard(lastVoicedMs, PATIENCE_MS);
    }
    await sleep(200);
    caller.hangUp();
  }
  await caller.ended;
  const { requests } = await scene.account();
  const told = requests.map(({ dialogue }) => dialogue.at(-1) ?? '').filter((line) => line.startsWith('user: '));
  return lines.map((said, index) => ({ voice, said, told: told[index]?.slice('user: '.length) }));
}

function isSame(said: string, told: string | undefined): boolean {
  return told !== undefined && wordsOf(said).join(' ') === wordsOf(told).join(' ');
}

/** For each word that was said, whether it was told at its place. */
function wordsRight(said: string, told: string): readonly boolean[] {
  const heard = wordsOf(told);
  return wordsOf(said).map((word, index) => heard[index] === word);
}

function wordsOf(text: string): readonly string[] {
  return text.toLowerCase().match(/[a-z']+/gu) ?? [];
}
