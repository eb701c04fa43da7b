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

/** A model that says what the test says, when the test says it. */
class GatedModel implements LanguageModel {
  readonly identity;
  readonly parallelTools = true;
  asked = 0;
  aborted = 0;
  say: (text: string) => void = () => undefined;
  fail: (error: FlavorError) => void = () => undefined;

  constructor(model: string) {
    this.identity = { provider: 'scripted', model };
  }

  async check(): Promise<void> {}

  async *answer(_request: unknown, signal: AbortSignal): AsyncGenerator<LanguageModelEvent, void, undefined> {
    this.asked += 1;
    const text = await new Promise<string>((resolve, reject) => {
      this.say = resolve;
      this.fail = reject;
      signal.addEventListener('abort', () => {
        this.aborted += 1;
        reject(signal.reason);
      });
    });
    yield { type: 'text', text };
    yield { type: 'done', reason: 'completed' };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** Lets promises settle. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const request = { system: 's', messages: [{ role: 'user', text: 'hello' }], tools: [], mayCallTools: true } as const;

function setUp(...models: LanguageModel[]) {
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

test('one that says nothing for 950 ms is asked no more alone; the last is waited for', async () => {
  const last = new ScriptedModel('b', 'silence');
  const { ask, clock, controller } = setUp(new ScriptedModel('a', 'silence'), last);
  const asking = ask();
  await settled();
  clock.advance(949);
  await settled();
  expect(last.asked).toBe(0);
  clock.advance(1);
  await settled();
  expect(last.asked).toBe(1);
  clock.advance(60_000);
  const reason = new Error('the call is over');
  controller.abort(reason);
  await expect(asking).rejects.toBe(reason);
  expect(clock.pendingTimers).toBe(0);
});

test('a slow model keeps the answer where it is first to speak, and the other request is broken off', async () => {
  const slow = new GatedModel('a');
  const other = new GatedModel('b');
  const { ask, clock } = setUp(slow, other);
  const asking = ask();
  await settled();
  clock.advance(950);
  await settled();
  slow.say('Hello.');
  expect(await asking).toEqual(['Hello.', 'done']);
  expect([slow.aborted, other.aborted]).toEqual([0, 1]);
  expect(clock.pendingTimers).toBe(0);
});

test('a silent model loses the answer to the one that speaks, is broken off, and told of', async () => {
  const silent = new GatedModel('a');
  const other = new GatedModel('b');
  const { ask, clock } = setUp(silent, other);
  const asking = ask();
  await settled();
  clock.advance(950);
  await settled();
  other.say('Hi.');
  expect(await asking).toEqual([expect.objectContaining({ code: 'ERR_FLAVOR_TIMEOUT' }), 'Hi.', 'done']);
  expect([silent.aborted, other.aborted]).toEqual([1, 0]);
});

test('one that has been beaten three times is left alone for a while', async () => {
  const silent = new GatedModel('a');
  const { ask, clock } = setUp(silent, new ScriptedModel('b', 'Hi.'));
  for (let count = 0; count < 3; count += 1) {
    const asking = ask();
    await settled();
    clock.advance(950);
    await asking;
  }
  expect(await ask()).toEqual(['Hi.', 'done']);
  expect(silent.asked).toBe(3);
});

test('a slow model is waited for where the one asked beside it fails', async () => {
  const slow = new GatedModel('a');
  const { ask, clock } = setUp(slow, new ScriptedModel('b', broken));
  const asking = ask();
  await settled();
  clock.advance(950);
  await settled();
  slow.say('Hello.');
  expect(await asking).toEqual([broken, 'Hello.', 'done']);
});

test('while a model asked beside a slow one is waited for, the failure of the slow one asks nobody else', async () => {
  const [slow, second, third] = [new GatedModel('a'), new GatedModel('b'), new ScriptedModel('c', 'Hey.')];
  const { ask, clock } = setUp(slow, second, third);
  const asking = ask();
  await settled();
  clock.advance(950);
  await settled();
  slow.fail(broken);
  await settled();
  expect(third.asked).toBe(0);
  clock.advance(950);
  expect(await asking).toEqual([broken, expect.objectContaining({ code: 'ERR_FLAVOR_TIMEOUT' }), 'Hey.', 'done']);
  expect(second.aborted).toBe(1);
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
