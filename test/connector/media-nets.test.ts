import { expect, test } from 'vitest';
import { answered, configIn, setUp } from './connector-setup.js';

const OWN = ['203.0.113.0/24'];
const GENERAL = ['192.0.2.0/24', '2001:db8::/32'];
const trunk = { targets: ['sip:192.0.2.5'], failOverSeconds: 4 };
const outbound = { allow: ['+4420'], trunk: 'carrier', callsPerMinute: 3, calls: 2, ringSeconds: 45 };
const { media } = configIn('/tmp');
const general = { media: { ...media, latching: { ...media.latching, from: GENERAL } } };

test('media of a call in is taken from the nets of media.latching.from, and from anywhere without', async () => {
  for (const [changes, nets] of [
    [general, GENERAL],
    [{}, undefined],
  ] as const) {
    const setup = await setUp(changes);
    await setup.connector.start();
    await answered(setup);
    expect(setup.engine.nets).toEqual([nets]);
  }
});

test.each([
  ['its own', { ...trunk, mediaFrom: OWN }, OWN],
  ['those of calls in general, where it names none', trunk, GENERAL],
])('media of a call out through a trunk is taken from the nets of the trunk: %s', async (_whose, carrier, nets) => {
  const setup = await setUp({ ...general, trunks: { carrier }, outbound });
  await setup.connector.start();
  expect(await setup.connector.dial({ to: '+442079460000', flavor: 'agent' })).toMatchObject({ ok: true });
  await expect.poll(() => setup.engine.nets).toEqual([nets]);
});
