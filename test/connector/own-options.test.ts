import { expect, it } from 'vitest';
import { FakeFlavor } from '../support/fake-flavor.js';
import { FakeLeg } from '../support/fake-leg.js';
import { answered, bye, setUp } from './connector-setup.js';

/** A connector that keeps what each flavor was made with. */
async function withOptions(fails = false) {
  const made: { readonly options: unknown; readonly flavor: FakeFlavor }[] = [];
  const setup = await setUp(
    {
      flavors: {
        agent: { use: 'fake', options: { voice: 'alloy', turnDetection: { type: 'server_vad', threshold: 0.5 } } },
      },
    },
    {
      createFlavors: async ({ flavors }) => {
        if (fails && made.length > 0) throw new Error('the key sk-tenant is no key');
        const flavor = new FakeFlavor();
        made.push({ options: flavors['agent']?.options, flavor });
        return new Map([['agent', flavor]]);
      },
    },
  );
  await setup.connector.start();
  return { ...setup, made };
}

const extra = (agent: object): { extraParams: string } => ({ extraParams: JSON.stringify({ flavor: 'agent', agent }) });

it('options in extra_params make a flavor for that call alone, which is closed at its end', async () => {
  const setup = await withOptions();
  const own = { key: 'sk-tenant', turn_detection_type: 'server_vad', turn_detection_silence_ms: 300 };
  const leg = await answered(setup, extra(own));
  expect(setup.made[1]?.options).toEqual({
    voice: 'alloy',
    apiKey: 'sk-tenant',
    turnDetection: { type: 'server_vad', threshold: 0.5, silenceDurationMs: 300 },
  });
  await answered(setup);
  expect(setup.made).toHaveLength(2);
  leg.emit(bye);
  await expect.poll(() => setup.made[1]?.flavor.disposed).toBe(1);
  expect(setup.made[0]?.flavor.disposed).toBe(0);
});

it('options that do not fit refuse the call, and are not logged', async () => {
  const setup = await withOptions(true);
  const leg = new FakeLeg(extra({ key: 'sk-tenant' }));
  setup.driver.ring(leg);
  await expect.poll(() => leg.actions).toContain('reject 500');
  expect(JSON.stringify(setup.log.lines)).not.toContain('sk-tenant');
  const [record] = await setup.records();
  expect(record?.cause).toEqual({ sip: 500, text: 'rejected' });
});

it('a caller who gives up while the flavor is made leaves nothing behind', async () => {
  const setup = await withOptions();
  const leg = new FakeLeg(extra({ voice: 'echo' }));
  setup.driver.ring(leg);
  leg.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
  await expect.poll(() => setup.made[1]?.flavor.disposed).toBe(1);
  const [record] = await setup.records();
  expect(record?.cause.text).toBe('cancelled');
});

it.each([
  [{ flavor: 'agent' }, '200'],
  [{ flavor: 'nobody' }, 'reject 486'],
  [{}, 'reject 486'],
])(
  'a number that a route refuses is answered by the agent that the script names, where a route has it: %j',
  async (named, action) => {
    const setup = await withOptions();
    const leg = new FakeLeg({ requestUser: '2009', extraParams: JSON.stringify(named) });
    setup.driver.ring(leg);
    await expect.poll(() => leg.actions).toContain(action);
  },
);
