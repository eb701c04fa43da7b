import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { lookUpAddresses } from '../../../src/signaling/dns/address-lookup.js';
import { FakeClock } from '../../support/fake-clock.js';

const never = (): Promise<readonly string[]> => new Promise(() => {});

test('the system’s resolver is asked alone as long as it is quick', async () => {
  const clock = new FakeClock();
  const asked: string[] = [];
  const servers = async (name: string): Promise<readonly string[]> => [name];
  const system = async (name: string): Promise<readonly string[]> => {
    asked.push(name);
    return ['192.0.2.1'];
  };
  expect(await lookUpAddresses('pbx.example', { clock, system, servers })).toEqual(['192.0.2.1']);
  expect([asked, clock.pendingTimers]).toEqual([['pbx.example'], 0]);
});

test('where it is busy with other names the name servers are asked beside it', async () => {
  const clock = new FakeClock();
  const found = lookUpAddresses('pbx.example', { clock, system: never, servers: async () => ['192.0.2.2'] });
  clock.advance(400);
  expect(await found).toEqual(['192.0.2.2']);
});

test.each([
  ['know nothing', async () => []],
  ['fail', () => Promise.reject(new Error('SERVFAIL'))],
])('name servers that %s leave the word to the system, whose hosts file may know it', async (_, servers) => {
  const clock = new FakeClock();
  let answer = (_: readonly string[]): void => {};
  const system = (): Promise<readonly string[]> =>
    new Promise((resolve) => {
      answer = resolve;
    });
  const found = lookUpAddresses('pbx.example', { clock, system, servers });
  clock.advance(400);
  await turn();
  answer(['192.0.2.3']);
  expect(await found).toEqual(['192.0.2.3']);
});

test('a failure of the system’s resolver is told at once', async () => {
  const clock = new FakeClock();
  const system = (): Promise<never> => Promise.reject(new Error('EAI_AGAIN'));
  await expect(lookUpAddresses('pbx.example', { clock, system, servers: never })).rejects.toThrow('EAI_AGAIN');
  expect(clock.pendingTimers).toBe(0);
});
