import { expect, test } from 'vitest';
import { CallWatch } from '../../src/demo/call-watch.js';
import type { CalledPhone } from '../../src/demo/called-phone.js';
import { type CalledPlan, CallRefused, receiveCall } from '../../src/demo/demo-call.js';
import { FakeClock } from '../support/fake-clock.js';

/** A call to a phone that nobody answers: it is over when the connector hangs up. */
function ringing(signal: AbortSignal) {
  const clock = new FakeClock(0);
  const hungUp: string[] = [];
  let end = (): void => {};
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  const phone: CalledPhone = {
    port: 5060,
    pressed: new Promise(() => {}),
    ackedMs: 0,
    answered: async (ended) => void (await ended),
    [Symbol.asyncDispose]: async () => {},
  };
  const connector: CalledPlan<never>['connector'] = {
    dial: async () => ({ ok: true, id: 'c1' }),
    hangUp: (id) => {
      hungUp.push(id);
      end();
      return true;
    },
  };
  const play = async (): Promise<void> => {
    throw new Error('there is nobody to talk with');
  };
  const request = { to: '+442079460000', route: 'assistant' };
  const parts = { lines: {}, watch: new CallWatch(clock), clock, tell: () => {}, signal, play };
  return { call: receiveCall({ ...parts, phone, request, connector, over }), hungUp, end };
}

test('a call that is given up while it rings ends then, with the reason', async () => {
  const abort = new AbortController();
  const { call, hungUp } = ringing(abort.signal);
  const outcome = expect(call).rejects.toThrow('interrupted');
  await new Promise(setImmediate);
  expect(hungUp).toEqual([]);
  abort.abort(new Error('interrupted'));
  await outcome;
  expect(hungUp).toEqual(['c1']);
});

test('one that is given up before it was made ends at once', async () => {
  const { call, hungUp } = ringing(AbortSignal.abort(new Error('interrupted')));
  await expect(call).rejects.toThrow('interrupted');
  expect(hungUp).toEqual(['c1']);
});

test('one that nobody answers was refused', async () => {
  const { call, end } = ringing(new AbortController().signal);
  end();
  await expect(call).rejects.toThrow(CallRefused);
});
