import { expect, test } from 'vitest';
import { startSlotsService } from '../../src/demo/slots-service.js';
import { FakeClock } from '../support/fake-clock.js';

test('the calendar answers late, with the free times', async () => {
  const clock = new FakeClock(0);
  await using service = await startSlotsService(clock);
  const answer = fetch(service.url, { method: 'POST', body: '{}' });
  await expect.poll(() => clock.pendingTimers).toBe(1);
  clock.advance(1500);
  expect(await (await answer).json()).toMatchObject({ free: ['15:30'] });
});

test('it closes with a request under way, and leaves no timer', async () => {
  const clock = new FakeClock(0);
  const service = await startSlotsService(clock);
  const answer = fetch(service.url, { method: 'POST', body: '{}' }).catch(() => 'broken off');
  await expect.poll(() => clock.pendingTimers).toBe(1);
  await service[Symbol.asyncDispose]();
  expect(await answer).toBe('broken off');
  await expect.poll(() => clock.pendingTimers).toBe(0);
});
