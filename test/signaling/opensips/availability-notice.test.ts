import { expect, it } from 'vitest';
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
