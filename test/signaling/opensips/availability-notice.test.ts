import { expect, it } from 'vitest';
import { AvailabilityNotice } from '../../../src/signaling/opensips/availability-notice.js';
import type { MiClient, MiOutcome } from '../../../src/signaling/opensips/mi/mi-client.js';
import { openOpensipsScene } from '../../support/opensips-harness.js';

const VARIABLE = 'voice_connector';

it('the script of OpenSIPS is told when no calls are taken, and again after a restart', async () => {
  const { driver, opensips } = await openOpensipsScene();
  await opensips.until(() => opensips.variables.get(VARIABLE) === '0');
  driver.setAvailability('full');
  driver.setAvailability('open');
  driver.setAvailability('draining');
  await opensips.until(() => opensips.variables.get(VARIABLE) === '60');
  opensips.restart();
  await opensips.until(() => opensips.variables.get(VARIABLE) === '60');
});

it('a script that has no such variable is not told again and again', async () => {
  const { driver, opensips } = await openOpensipsScene({}, (fake) => {
    fake.hasVariables = false;
  });
  const told = () => opensips.commands.filter(({ method }) => method === 'shv_set').length;
  await opensips.until(() => told() === 1);
  driver.setAvailability('full');
  driver.setAvailability('open');
  await driver[Symbol.asyncDispose]();
  expect(told()).toBe(1);
});

it.each([
  { type: 'lost' },
  { type: 'refused', code: -32_601, message: 'Method not found' },
  { type: 'done', result: 'OK' },
] as const)('what OpenSIPS did not answer before its restart is told after it: $type', async (late: MiOutcome) => {
  const told: unknown[] = [];
  const answers: ((outcome: MiOutcome) => void)[] = [];
  const call: MiClient['call'] = (_method, params) => {
    told.push(Object(params)['value']);
    return new Promise((resolve) => answers.push(resolve));
  };
  const notice = new AvailabilityNotice({ call } as MiClient);
  notice.set('draining');
  notice.renew();
  answers[0]?.(late);
  await Promise.resolve();
  await Promise.resolve();
  expect(told).toEqual(['60', '60']);
  answers[1]?.({ type: 'done', result: 'OK' });
  await Promise.resolve();
  await Promise.resolve();
  expect(told).toHaveLength(2);
});
