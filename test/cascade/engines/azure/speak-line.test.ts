import { expect, test } from 'vitest';
import { SpeakLine } from '../../../../src/cascade/engines/azure/speak-line.js';
import { SpeakUtterance } from '../../../../src/cascade/engines/shared/speak-utterance.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { SeededRandom } from '../../../support/seeded-random.js';
import { Collected } from './bench.js';
import { ScriptedService } from './scripted-connection.js';

test('a service that never speaks is given up, however long it is waited for', async () => {
  const format = { encoding: 'mulaw', sampleRate: 8000 } as const;
  const clock = new FakeClock();
  const service = new ScriptedService(clock);
  const line = new SpeakLine({
    format,
    wordTimes: false,
    answerTimeoutMs: 30_000,
    reconnect: { attempts: 3, firstDelayMs: 200, maxDelayMs: 1_000 },
    clock,
    random: new SeededRandom(1),
    dial: service.dial,
    ssml: (document) => ({ document, characters: document.length }),
  });
  await line.open(new AbortController().signal);
  const utterance = new SpeakUtterance(line, { provider: 'azure', model: 'aria' }, format);
  const said = new Collected(utterance.events);
  utterance.append('Hello.');
  utterance.finish();
  await clock.advanceAsync(150_000, 20);
  expect(said.of('end')).toMatchObject([{ error: { code: 'ERR_FLAVOR_TIMEOUT' } }]);
  expect(service.connections.length).toBe(4);
});
