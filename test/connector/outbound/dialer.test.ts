import { describe, expect, test } from 'vitest';
import { createSystemRandom } from '../../../src/base/random.js';
import type { Config } from '../../../src/config/config.js';
import { CallWindow } from '../../../src/connector/outbound/call-window.js';
import { trunkOrder } from '../../../src/connector/outbound/trunk-order.js';
import type { CallEvent } from '../../../src/ops/call-event.js';
import type { OutboundCallRequest } from '../../../src/ops/outbound-calls.js';
import type { OfferReply } from '../../../src/signaling/port.js';
import { ANSWER, type FakeDialledLeg } from '../../support/fake-dialled-leg.js';
import { answered, bye, route, type Setup, setUp } from '../connector-setup.js';

const trunk = { targets: ['sip:192.0.2.5'], user: 'u', password: 'p', failOverSeconds: 4 };
const outbound = { allow: ['+4420', '20'], trunk: 'carrier', callsPerMinute: 3, calls: 2, ringSeconds: 45 };

async function running(changes: Partial<Config> = {}, deps: Parameters<typeof setUp>[1] = {}) {
  const setup = await setUp({ trunks: { carrier: trunk }, outbound, ...changes }, deps);
  await setup.connector.start();
  const events: CallEvent[] = [];
  setup.connector.onEvent((event) => events.push(event));
  return { ...setup, events };
}

async function dial(setup: Setup, request: Partial<OutboundCallRequest> = {}): Promise<FakeDialledLeg> {
  const count = setup.driver.dialled.length;
  const whose = request.route === undefined ? { flavor: 'agent' } : {};
  const outcome = await setup.connector.dial({ to: '+44 20 7946-0000', ...whose, ...request });
  expect(outcome).toMatchObject({ ok: true });
  await expect.poll(() => setup.driver.dialled.length).toBe(count + 1);
  const leg = setup.driver.dialled.at(-1);
  if (leg === undefined) throw new Error('not dialled');
  return leg;
}

/** Keeps sessions from opening until the function returned is called, with an error or without. */
function holdOpening(setup: Setup): (error?: Error) => void {
  const [flavor] = setup.flavors;
  if (flavor === undefined) throw new Error('no flavor');
  let settle: (error?: Error) => void = () => {};
  flavor.opening = new Promise((resolve, reject) => {
    settle = (error) => (error ? reject(error) : resolve());
  });
  return settle;
}

test.each([
  [undefined, 'Hi +442079460123, Paris, '],
  ['Good day from {{shop}}.', 'Good day from Paris.'],
  [false, ''],
] as const)('the greeting of a call, %s, takes the place of that of its route', async (greeting, said) => {
  const setup = await running();
  const own = greeting === undefined ? {} : { greeting };
  const leg = await dial(setup, { route: '2000', from: '+442079460123', variables: { shop: 'Paris' }, ...own });
  expect(setup.flavors[0]?.sessions[0]?.call.greeting).toBe(said);
  leg.emit(bye);
  await setup.records();
});

describe('an outbound call', () => {
  test('goes through the trunk, is greeted at the answer, and leaves a record', async () => {
    const setup = await running();
    const leg = await dial(setup, { route: '2000', from: '7000', variables: { shop: 'Paris' } });
    expect(leg.request).toMatchObject({
      uri: 'sip:+442079460000@192.0.2.5',
      targets: ['sip:+442079460000@192.0.2.5'],
      fromUser: '7000',
      auth: { user: 'u', password: 'p' },
      failOverMs: 4000,
      answerTimeoutMs: 45_000,
    });
    expect(leg.offer).toContain('m=audio');
    const [session] = setup.flavors[0]?.sessions ?? [];
    expect(session?.call).toMatchObject({ direction: 'outbound', from: '7000', to: '+442079460000' });
    expect(session?.call.greeting).toBe('Hi 7000, Paris, ');
    expect(session?.told).toEqual([]);
    leg.emit({ type: 'progress', status: 180, sdp: undefined });
    leg.emit({ type: 'progress', status: 180, sdp: undefined });
    leg.answer();
    expect(session?.told).toEqual(['start']);
    expect(setup.connector.calls()).toMatchObject([{ direction: 'outbound', state: 'active', codec: 'pcmu' }]);
    leg.emit(bye);
    expect(await setup.records()).toMatchObject([
      {
        direction: 'outbound',
        to: '+442079460000',
        route: '0 to=2000',
        endedBy: 'caller',
        cause: { sip: 200, text: 'normal' },
      },
    ]);
    const types = setup.events.map(({ type }) => type);
    expect(types.filter((type) => type === 'call-progress')).toHaveLength(1);
    expect(types).toEqual(expect.arrayContaining(['call-started', 'call-answered', 'call-ended']));
  });

  test('whoever answers before the flavor is open hears it as soon as it is', async () => {
    const setup = await running();
    const open = holdOpening(setup);
    const leg = await dial(setup);
    leg.answer();
    expect(setup.connector.calls()[0]?.state).toBe('active');
    open();
    await expect.poll(() => setup.flavors[0]?.sessions[0]?.told).toEqual(['start']);
  });

  test('a 200 without a description is answered by that of the 183 before it', async () => {
    const setup = await running();
    const leg = await dial(setup);
    leg.emit({ type: 'progress', status: 183, sdp: ANSWER });
    expect(setup.events.at(-1)).toMatchObject({ type: 'call-progress', status: 183, earlyMedia: true });
    leg.emit({ type: 'answered', sdp: undefined });
    expect(setup.connector.calls()[0]?.state).toBe('active');
  });

  test('a callee who offers something else before picking up is answered, and heard by that after it', async () => {
    const setup = await running();
    const leg = await dial(setup);
    leg.emit({ type: 'progress', status: 183, sdp: ANSWER });
    const said: (string | number)[] = [];
    const reply: OfferReply = { accept: (sdp) => said.push(sdp), reject: (status) => said.push(status) };
    leg.emit({ type: 'offer', sdp: 'v=0', reply });
    leg.emit({ type: 'offer', sdp: ANSWER.replace('0 101', '8 101'), reply });
    expect(said).toEqual([400, expect.stringMatching(/^m=audio \d+ RTP\/AVP 8 101\r$/m)]);
    expect(setup.engine.streams.at(-1)?.parameters).toEqual([]);
    leg.emit({ type: 'answered', sdp: undefined });
    expect(setup.connector.calls()).toMatchObject([{ state: 'active', codec: 'pcma' }]);
    expect(setup.engine.streams.at(-1)?.parameters).toMatchObject([{ codec: { name: 'pcma' } }]);
  });

  test('another branch than the one that offered picks up: its answer to our first offer counts', async () => {
    const setup = await running();
    const leg = await dial(setup);
    leg.emit({ type: 'progress', status: 183, sdp: ANSWER });
    const reply: OfferReply = { accept: () => {}, reject: () => {} };
    leg.emit({ type: 'offer', sdp: ANSWER.replace('0 101', '8 101'), reply });
    leg.answer(ANSWER.replace('30000', '31000'));
    expect(setup.connector.calls()).toMatchObject([{ state: 'active', codec: 'pcmu' }]);
    expect(setup.engine.streams.at(-1)?.parameters).toMatchObject([{ remote: { port: 31_000 } }]);
  });

  test('an answer that cannot be used ends the call by BYE', async () => {
    const setup = await running();
    const leg = await dial(setup);
    leg.answer('v=0\r\nnonsense');
    expect(leg.farewells).toHaveLength(1);
    expect(await setup.records()).toMatchObject([{ cause: { sip: 200, text: 'rejected' } }]);
  });

  test.each([
    ['peer', 486, 'busy', 'caller'],
    ['peer', 600, 'busy', 'caller'],
    ['peer', 480, 'no-answer', 'caller'],
    ['peer', 404, 'unreachable', 'caller'],
    ['peer', 503, 'unreachable', 'caller'],
    ['peer', 603, 'rejected', 'caller'],
    ['peer', 407, 'rejected', 'caller'],
    ['transport', 408, 'unreachable', 'connector'],
  ] as const)('%s %i is recorded as %s', async (by, status, text, endedBy) => {
    const setup = await running();
    const leg = await dial(setup);
    leg.end(by, status);
    expect(await setup.records()).toMatchObject([{ answeredAt: null, endedBy, cause: { sip: status, text } }]);
  });

  test('nobody answers in time: no-answer', async () => {
    const setup = await running();
    const leg = await dial(setup, { ringSeconds: 5 });
    expect(leg.request.answerTimeoutMs).toBe(5000);
    leg.emit({ type: 'ended', end: { by: 'local', status: 487, text: '' } });
    expect(await setup.records()).toMatchObject([{ endedBy: 'connector', cause: { sip: 487, text: 'no-answer' } }]);
  });

  test('an operator gives up a call that rings', async () => {
    const setup = await running();
    const leg = await dial(setup);
    const [call] = setup.connector.calls();
    expect(setup.connector.hangUp(call?.id ?? '')).toBe(true);
    // With 200 the phone would take the call for answered elsewhere (RFC 3326).
    expect(leg.farewells).toMatchObject([{ reason: 'SIP;cause=487;text="admin"' }]);
    expect(await setup.records()).toMatchObject([{ cause: { sip: 487, text: 'admin' } }]);
  });

  test('one whose flavor fails while it rings is given up', async () => {
    const setup = await running();
    const open = holdOpening(setup);
    const leg = await dial(setup);
    open(new Error('no provider'));
    await expect.poll(() => leg.farewells.length).toBe(1);
    expect(await setup.records()).toMatchObject([{ cause: { text: 'flavor-error' } }]);
  });
});

describe('what is refused', () => {
  test.each([
    ['a number that is not allowed', { to: '+33123456789' }, 403, 'ERR_CALL_NOT_ALLOWED'],
    ['a number that only looks allowed', { to: '+4420;phone-context=+33' }, 403, 'ERR_CALL_NOT_ALLOWED'],
    ['a feature code', { to: '20*72' }, 403, 'ERR_CALL_NOT_ALLOWED'],
    ['a URI', { to: 'sip:20@evil.example' }, 403, 'ERR_CALL_NOT_ALLOWED'],
    ['an unknown flavor', { flavor: 'nobody' }, 422, 'ERR_CALL_INVALID'],
    ['a name every object has', { flavor: '__proto__' }, 422, 'ERR_CALL_INVALID'],
    ['a variable that the call sets', { variables: { from: 'Bob' } }, 422, 'ERR_CALL_INVALID'],
    ['a variable that stands for a header field', { variables: { 'sip.x-shop': 'a' } }, 422, 'ERR_CALL_INVALID'],
    ['a route that refuses', { route: '2009' }, 422, 'ERR_CALL_INVALID'],
    ['a header field of the protocol', { headers: { Via: 'x' } }, 422, 'ERR_CALL_INVALID'],
    ['a line end in a header field', { headers: { 'X-A': 'b\r\nVia: c' } }, 422, 'ERR_CALL_INVALID'],
  ])('%s', async (_, request, status, code) => {
    const setup = await running();
    const whose = 'route' in request ? {} : { flavor: 'agent' };
    const outcome = await setup.connector.dial({ to: '2001', ...whose, ...request });
    expect(outcome).toMatchObject({ ok: false, status, code });
    expect(setup.driver.dialled).toEqual([]);
    expect(setup.connector.calls()).toEqual([]);
  });

  test('everybody, as long as nobody is listed', async () => {
    const setup = await running({ outbound: { ...outbound, allow: [] } });
    expect(await setup.connector.dial({ to: '2001', flavor: 'agent' })).toMatchObject({ status: 403 });
  });

  test('more at once than outbound.calls, with Retry-After; the next one fits when one has ended', async () => {
    // One less than limits.calls.
    const setup = await running({ outbound: { ...outbound, calls: 1 } });
    const first = await dial(setup);
    const outcome = await setup.connector.dial({ to: '2001', flavor: 'agent' });
    expect(outcome).toMatchObject({ status: 429, code: 'ERR_CALL_LIMIT', retryAfterSeconds: 5 });
    first.end('peer', 486);
    await expect.poll(() => setup.connector.calls().length).toBe(0);
    await dial(setup);
  });

  test('more than limits.calls, inbound ones counted', async () => {
    const setup = await running();
    await answered(setup);
    await answered(setup);
    expect(await setup.connector.dial({ to: '2001', flavor: 'agent' })).toMatchObject({ status: 429 });
  });

  test('more in a minute than outbound.callsPerMinute', async () => {
    const setup = await running();
    for (let index = 0; index < 3; index += 1) {
      (await dial(setup)).end('peer', 486);
      await expect.poll(() => setup.connector.calls().length).toBe(0);
    }
    const outcome = await setup.connector.dial({ to: '2001', flavor: 'agent' });
    expect(outcome).toMatchObject({ status: 429, code: 'ERR_CALL_LIMIT' });
    expect(outcome.ok ? 0 : outcome.retryAfterSeconds).toBeGreaterThan(50);
  });

  test('all of them while draining and before the start', async () => {
    const setup = await running();
    void setup.connector.drain();
    const refusal = { ok: false, status: 503, code: 'ERR_CALL_UNAVAILABLE' };
    expect(await setup.connector.dial({ to: '2001', flavor: 'agent' })).toMatchObject(refusal);
    const unstarted = await setUp();
    expect(await unstarted.connector.dial({ to: '2001', flavor: 'agent' })).toMatchObject(refusal);
  });

  test('a fault as a call is begun is told, and takes no place for good', async () => {
    const random = createSystemRandom();
    let faulty = false;
    const integer = (limit: number): number => {
      if (faulty) throw new Error('a fault');
      return random.integer(limit);
    };
    const setup = await running({ outbound: { ...outbound, calls: 1 } }, { random: { ...random, integer } });
    faulty = true;
    const outcome = await setup.connector.dial({ to: '2001', flavor: 'agent' });
    expect(outcome).toMatchObject({ ok: false, status: 503, code: 'ERR_CALL_UNAVAILABLE' });
    expect(JSON.stringify(setup.log.lines)).toContain('a fault');
    faulty = false;
    await dial(setup);
    await setup.connector.stop();
    expect(setup.flavors[0]?.disposed).toBe(1);
  });

  test('no number is logged', async () => {
    const setup = await running();
    await setup.connector.dial({ to: '+33123456789', flavor: 'agent' });
    await dial(setup);
    expect(JSON.stringify(setup.log.lines)).not.toMatch(/33123456789|442079460000/);
  });
});

test('the settings of a route are asked for before it is dialled, and may refuse', async () => {
  const settings = {
    format: 'native' as const,
    url: 'http://127.0.0.1:9/{{to}}',
    timeoutMs: 300,
    cacheSeconds: 0,
    required: true,
  };
  const routes = [route({ to: '2000' }, { flavor: 'agent', settings })];
  const setup = await running({ routes, http: { allow: ['127.0.0.1'] } });
  const outcome = await setup.connector.dial({ to: '2001', route: '2000' });
  expect(outcome).toMatchObject({ ok: false, status: 422 });
  expect(setup.driver.dialled).toEqual([]);
});

describe('addressing through a trunk', () => {
  const order = (changes: object, number = '+4420') => trunkOrder({ ...trunk, ...changes }, number, ['+44']);

  test('each target is called, or the domain through them', () => {
    const targets = ['sip:10.0.0.1:5080;transport=tcp', 'sips:[2001:db8::1]'];
    expect(order({ targets }).targets).toEqual(['sip:+4420@10.0.0.1:5080;transport=tcp', 'sips:+4420@[2001:db8::1]']);
    expect(order({ targets, domain: 'carrier.example' })).toMatchObject({ uri: 'sip:+4420@carrier.example', targets });
  });

  test('a redirection is followed to an allowed number at a host of the trunk alone', () => {
    const { mayFollow } = order({ targets: ['sip:10.0.0.1'], domain: 'carrier.example' });
    const uris = ['sip:+44161@10.0.0.1:5070;x=y', 'sip:+44161@Carrier.Example', 'sips:+44161;npdi@10.0.0.1'];
    expect(uris.map((uri) => mayFollow?.(uri))).toEqual([true, true, true]);
    const others = [
      'sip:+33@10.0.0.1',
      'sip:+44161@10.0.0.2',
      'sip:10.0.0.1',
      'sip:+44161@10.0.0.1@evil.example',
      'tel:+44161',
    ];
    expect(others.map((uri) => mayFollow?.(uri))).toEqual(others.map(() => false));
  });
});

test('a window lets in as many as it says within any stretch of its length', () => {
  const window = new CallWindow(60_000);
  const begin = (atMs: number) => {
    const waitMs = window.waitMs(2, atMs);
    if (waitMs === 0) window.add(atMs);
    return waitMs;
  };
  expect([0, 30_000, 59_999, 60_000, 89_999, 90_000].map(begin)).toEqual([0, 0, 1, 0, 1, 0]);
});
