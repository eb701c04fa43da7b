import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Where signals are made of others, none of which lives longer than a call or a command. Not for those of a process. */
const places = [
  'flavors/deepgram-agent/line.ts', // one for each connection of a call
  'flavors/openai-realtime/connection/pool.ts', // at start alone
  'src/cascade/engines/whisper/renewed-session.ts', // one for each session of a call
  'src/cascade/fail-over/text-to-speech.ts', // one a call
  'src/cli/interruption.ts',
];

test('no signal is made of one that lives long: Node 20 keeps a trace of each, and all of one that is listened to', () => {
  const found = ['src', 'flavors']
    .flatMap((root) => readdirSync(root, { recursive: true, encoding: 'utf8' }).map((path) => `${root}/${path}`))
    .filter((path) => path.endsWith('.ts'))
    .filter((path) => /^(?!\s*(?:\*|\/\/)).*\bAbortSignal\.any\(/m.test(readFileSync(path, 'utf8')));
  expect(found.toSorted()).toEqual(places);
});
