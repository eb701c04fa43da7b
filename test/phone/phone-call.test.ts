import { expect, test } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import { PhoneCall, type PhoneEvent } from '../../src/phone/phone-call.js';
import type { LegEvent, OutboundRequest } from '../../src/signaling/port.js';
import { FakeClock } from '../support/fake-clock.js';
import { FakeDriver } from '../support/fake-driver.js';
import { FakeLeg, OFFER, PCMA_ANSWER } from '../support/fake-leg.js';
import { FakeEngine } from '../support/fake-media.js';

/** A phone without a network. */
function setUp() {
  const clock = new FakeClock(0);
  const engine = new FakeEngine(clock);
  const events: PhoneEvent[] = [];
  let listener: (event: LegEvent) => void = () => {};
  let request: OutboundRequest | undefined;
  const leg = {
    direction: 'outbound' as const,
    callId: 'c',
    localAddress: '127.0.0.1',
    hangUps: 0,
    listen: (listen: (event: LegEvent) => void) => {
      listener = listen;
    },
    hangUp: () => {
      leg.hangUps += 1;
    },
  };
  const driver = Object.assign(new FakeDriver(), {
    invite: (asked: OutboundRequest) => {
      request = asked;
      if (typeof asked.sdp === 'function') asked.sdp('127.0.0.1');
      return leg;
    },
  });
  const call = new PhoneCall(
    { uri: 'sip:2000@127.0.0.1', fromUser: 'phone', codecs: ['pcmu', 'pcma'], onEvent: (event) => events.push(event) },
    { driver, engine, clock, random: createSystemRandom() },
  );
  const emit = (event: LegEvent): void => listener(event);
  const end = (): void => emit({ type: 'ended', end: { by: 'peer', status: 0, text: '' } });
  return { call, leg, engine, events, emit, end, asked: () => request };
}

const reply = () => {
  const replies: string[] = [];
  return {
    replies,
    accept: (sdp: string) => void replies.push(sdp),
    reject: (status: number) => void replies.push(`${status}`),
  };
};

test('rings, is answered, ends', async () => {
  const { call, engine, events, emit, end, asked } = setUp();
  await call.dial();
  expect(asked()).toMatchObject({ uri: 'sip:2000@127.0.0.1', fromUser: 'phone' });
  emit({ type: 'progress', status: 180, sdp: undefined });
  emit({ type: 'answered', sdp: PCMA_ANSWER });
  expect(await call.answered).toBe(true);
  expect(engine.streams[0]?.parameters).toMatchObject([{ codec: { name: 'pcma' } }]);
  end();
  expect(await call.ended).toMatchObject({ by: 'peer' });
  expect(events).toMatchObject([
    { type: 'ringing', status: 180 },
    { type: 'answered', codec: 'pcma' },
    { type: 'ended' },
  ]);
  expect(engine.usage().open).toBe(0);
});

test('hung up before it has dialled, it is hung up at once', async () => {
  const { call, leg } = setUp();
  call.hangUp();
  await call.dial();
  expect(leg.hangUps).toBe(1);
});

test.each([[undefined], ['nonsense'], [OFFER.replace('0 8 101', '18')]])(
  'an answer that cannot be used (%j) is hung up, and was no answer',
  async (sdp) => {
    const { call, leg, emit, end } = setUp();
    await call.dial();
    emit({ type: 'answered', sdp });
    expect(leg.hangUps).toBe(1);
    end();
    expect(await call.answered).toBe(false);
  },
);

test('early media is heard', async () => {
  const { call, engine, emit } = setUp();
  await call.dial();
  emit({ type: 'progress', status: 183, sdp: OFFER });
  expect(engine.streams[0]?.parameters).toHaveLength(1);
});

test('says until the last packet has left, or the call is over', async () => {
  const { call, engine, emit, end } = setUp();
  await call.dial();
  emit({ type: 'answered', sdp: OFFER });
  const first = call.say(new Int16Array(160));
  const [stream] = engine.streams;
  // 320 bytes, which the fake takes for 40 ms.
  stream?.slot();
  stream?.slot();
  await first;
  const second = call.say(new Int16Array(8000));
  end();
  await second;
});

test('presses keys where the other side takes them', async () => {
  const { call, engine, emit, end } = setUp();
  expect(await call.press('1')).toBe(false);
  await call.dial();
  expect(await call.press('1')).toBe(false);
  emit({ type: 'answered', sdp: OFFER });
  const pressed = call.press('1');
  engine.streams[0]?.slot();
  expect(await pressed).toBe(true);
  const cut = call.press('2');
  end();
  expect(await cut).toBe(false);
  expect(await call.press('3')).toBe(false);
});

test('answers a re-INVITE: hold, our offer again, and nonsense', async () => {
  const { call, engine, emit } = setUp();
  await call.dial();
  emit({ type: 'answered', sdp: OFFER });
  const held = reply();
  emit({ type: 'offer', sdp: `${OFFER}a=sendonly\r\n`, reply: held });
  expect(held.replies[0]).toContain('a=recvonly');
  expect(engine.streams[0]?.parameters.at(-1)?.direction).toBe('recvonly');
  const asked = reply();
  emit({ type: 'offer', sdp: undefined, reply: asked });
  expect(asked.replies[0]).toContain('m=audio 40000');
  const refused = reply();
  emit({ type: 'offer', sdp: 'nonsense', reply: refused });
  expect(refused.replies).toEqual(['488']);
});

test('a re-INVITE without an offer gets a whole one of ours, and the answer in its ACK is followed', async () => {
  const { call, engine, emit } = setUp();
  await call.dial();
  emit({ type: 'answered', sdp: OFFER });
  emit({ type: 'offer', sdp: `${OFFER.replace('0 8 101', '0')}a=sendonly\r\n`, reply: reply() });
  expect(await call.press('1')).toBe(false);
  const asked = reply();
  emit({ type: 'offer', sdp: undefined, reply: asked });
  expect(asked.replies[0]).toContain('m=audio 40000 RTP/AVP 0 8 101');
  expect(asked.replies[0]).toContain('a=sendrecv');
  emit({ type: 'acked', sdp: OFFER.replace(/^m=audio \d+/m, 'm=audio 5004') });
  expect(engine.streams[0]?.parameters.at(-1)).toMatchObject({ direction: 'sendrecv', remote: { port: 5004 } });
});

test('a socket that fails ends the call', async () => {
  const { call, leg, engine, emit } = setUp();
  await call.dial();
  emit({ type: 'answered', sdp: OFFER });
  engine.streams[0]?.emit({ type: 'failed', message: 'network is down' });
  expect(leg.hangUps).toBe(1);
});

test('a phone that is called rings, answers, hears keys, and is hung up on', async () => {
  const clock = new FakeClock(0);
  const engine = new FakeEngine(clock);
  const digits: string[] = [];
  const options = {
    fromUser: 'salon',
    codecs: ['pcmu'],
    onEvent: () => {},
    onDigit: (digit: string) => digits.push(digit),
  } as const;
  const call = new PhoneCall(options, { driver: new FakeDriver(), engine, clock, random: createSystemRandom() });
  const leg = new FakeLeg();
  const taken = call.take(leg, 1000);
  await clock.advanceAsync(900, 50);
  expect(leg.actions).toEqual(['180']);
  await clock.advanceAsync(200, 50);
  await taken;
  expect(leg.actions).toEqual(['180', '200']);
  expect(leg.descriptions[0]).toContain('RTP/AVP 0 101');
  leg.emit({ type: 'acked', sdp: undefined });
  expect(await call.answered).toBe(true);
  leg.emit({ type: 'digit', digit: '2', durationMs: 100 });
  engine.streams[0]?.emit({ type: 'digit', digit: '5', durationMs: 100, atMs: 0 });
  expect(digits).toEqual(['2', '5']);
  call.hangUp();
  expect(leg.actions.at(-1)).toContain('hang-up');
});

test('a call that is given up while the phone rings is not answered, and an offer that it cannot answer is refused', async () => {
  const clock = new FakeClock(0);
  const deps = { driver: new FakeDriver(), engine: new FakeEngine(clock), clock, random: createSystemRandom() };
  const options = { fromUser: 'salon', codecs: ['pcmu'], onEvent: () => {} } as const;
  const [given, odd] = [new FakeLeg(), new FakeLeg({ sdp: OFFER.replace('RTP/AVP 0 8 101', 'RTP/AVP 18') })];
  const first = new PhoneCall(options, deps);
  const ringing = first.take(given, 1000);
  await clock.advanceAsync(100, 50);
  given.emit({ type: 'ended', end: { by: 'peer', status: 487, text: '' } });
  await ringing;
  expect(await first.answered).toBe(false);
  expect(clock.pendingTimers).toBe(0);
  const taken = new PhoneCall(options, deps).take(odd, 10);
  await clock.advanceAsync(100, 50);
  await taken;
  expect(odd.actions).toEqual(['180', 'reject 488']);
});
