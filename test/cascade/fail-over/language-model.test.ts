import { expect, test } from 'vitest';
import { failOverLanguageModels } from '../../../src/cascade/fail-over/language-model.js';
import type { LanguageModel, LanguageModelEvent } from '../../../src/cascade/stages/language-model.js';
import { FlavorError } from '../../../src/flavor-api/index.js';
import { FakeClock } from '../../support/fake-clock.js';

const broken = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);

type Step = string | FlavorError | 'silence';

/** A model that plays its script each time it is asked: words, then an error, or silence until it is aborted. */
class ScriptedModel implements LanguageModel {
  readonly identity;
  readonly parallelTools = true;
  readonly #steps: readonly Step[];
  asked = 0;
  disposed = false;

  constructor(model: string, ...steps: readonly Step[]) {
    this.identity = { provider: 'scripted', model };
    this.#steps = steps;
  }

  async check(): Promise<void> {}

  async *answer(_request: unknown, signal: AbortSignal): AsyncGenerator<LanguageModelEvent, void, undefined> {
    this.asked += 1;
    for (const step of this.#steps) {
      if (step === 'silence') await new Promise((_resolve, reject) => signal.addEventListener('abort', reject));
      else if (typeof step === 'string') yield { type: 'text', text: step };
      else throw step;
    }
    yield { type: 'done', reason: 'completed' };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

const request = { system: 's', messages: [{ role: 'user', text: 'hello' }], tools: [], mayCallTools: true } as const;

function setUp(...models: ScriptedModel[]) {
  const clock = new FakeClock();
  const controller = new AbortController();
  const model = failOverLanguageModels(models, { clock });
  const ask = async (): Promise<readonly (string | FlavorError)[]> => {
    const seen: (string | FlavorError)[] = [];
    for await (const event of model.answer(request, controller.signal)) {
      if (event.type === 'text') seen.push(event.text);
      if (event.type === 'warning') seen.push(event.error);
      if (event.type === 'done') seen.push('done');
    }
    return seen;
  };
  return { clock, controller, model, ask };
}

test('a model that answers is the only one that is asked', async () => {
  const [first, second] = [new ScriptedModel('a', 'Hello.'), new ScriptedModel('b', 'Hi.')];
  const { ask, clock } = setUp(first, second);
  expect(await ask()).toEqual(['Hello.', 'done']);
  expect(second.asked).toBe(0);
  expect(clock.pendingTimers).toBe(0);
});

test('one that fails before its first word is replaced within the answer', async () => {
  const { ask } = setUp(new ScriptedModel('a', broken), new ScriptedModel('b', 'Hi.'));
  expect(await ask()).toEqual([broken, 'Hi.', 'done']);
});

test('one that says nothing for 1.1 seconds is replaced; the last is waited for', async () => {
  const last = new ScriptedModel('b', 'silence');
  const { ask, clock, controller } = setUp(new ScriptedModel('a', 'silence'), last);
  const asking = ask();
  await Promise.resolve();
  clock.advance(1_099);
  expect(last.asked).toBe(0);
  clock.advance(1);
  await new Promise((resolve) => setImmediate(resolve));
  expect(last.asked).toBe(1);
  clock.advance(60_000);
  const reason = new Error('the call is over');
  controller.abort(reason);
  await expect(asking).rejects.toBe(reason);
});

test('one that breaks off in the middle fails the answer; the next question goes to another first, for a while', async () => {
  const [first, second] = [new ScriptedModel('a', 'We are', broken), new ScriptedModel('b', 'open.')];
  const { ask, clock } = setUp(first, second);
  await expect(ask()).rejects.toBe(broken);
  expect(await ask()).toEqual(['open.', 'done']);
  clock.advance(20_000);
  await expect(ask()).rejects.toBe(broken);
  expect([first.asked, second.asked]).toEqual([2, 1]);
});

test('one that has failed three times in a row is left alone', async () => {
  const [first, second] = [new ScriptedModel('a', broken), new ScriptedModel('b', 'Hi.')];
  const { ask, clock } = setUp(first, second);
  for (let count = 0; count < 3; count += 1) await ask();
  expect(await ask()).toEqual(['Hi.', 'done']);
  clock.advance(20_000);
  expect(await ask()).toEqual([broken, 'Hi.', 'done']);
});

test('when all fail the last error is thrown', async () => {
  const refused = new FlavorError('ERR_FLAVOR_AUTH', 'no key', false);
  const { ask } = setUp(new ScriptedModel('a', broken), new ScriptedModel('b', refused));
  await expect(ask()).rejects.toBe(refused);
});

test('a listener that leaves early leaves no timer', async () => {
  const { model, clock, controller } = setUp(new ScriptedModel('a', 'One.', 'silence'), new ScriptedModel('b'));
  for await (const event of model.answer(request, controller.signal)) {
    if (event.type === 'text') break;
  }
  expect(clock.pendingTimers).toBe(0);
});

test('all models are disposed of', async () => {
  const models = [new ScriptedModel('a'), new ScriptedModel('b')];
  await setUp(...models).model[Symbol.asyncDispose]();
  expect(models.map(({ disposed }) => disposed)).toEqual([true, true]);
});
