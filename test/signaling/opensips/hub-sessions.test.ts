import { expect, it } from 'vitest';
import { HubSessions } from '../../../src/signaling/opensips/hub/hub-sessions.js';
import type { HubWorker } from '../../../src/signaling/opensips/hub/hub-worker.js';
import { MiClient } from '../../../src/signaling/opensips/mi/mi-client.js';
import { readSessionEvent } from '../../../src/signaling/opensips/session-event.js';
import { UaSession } from '../../../src/signaling/opensips/ua-session.js';
import { FakeClock } from '../../support/fake-clock.js';

function scene() {
  const clock = new FakeClock();
  const sent: string[] = [];
  const link = {
    address: undefined,
    open: async () => {},
    send: (text: string) => void sent.push(text),
    close: async () => {},
  };
  const mi = new MiClient(link, clock);
  const [subscribed, heard]: [HubWorker[], string[]] = [[], []];
  const sessions = new HubSessions({ clock, session: (key) => new UaSession(mi, key), candidates: () => subscribed });
  const raise = (event_type: string, status: number, entity_type = 'UAC', key = 'B2B.1', method = 'INVITE'): void => {
    const params = {
      key,
      event_type,
      entity_type,
      method,
      status,
      reason: 'OK',
      body: '',
      headers: '',
    };
    const datagram = Buffer.from(JSON.stringify({ jsonrpc: '2.0', method: 'E_UA_SESSION', params }));
    const event = readSessionEvent(datagram);
    if (event !== undefined) sessions.receive(event, datagram);
  };
  /** A connector subscribes. */
  const subscribe = (name: string): HubWorker => {
    const hear = (datagram: Buffer): void => void heard.push(readSessionEvent(datagram)?.type ?? '');
    const worker = { name, sessions: new Set<string>(), busySeconds: 0, send: hear } as unknown as HubWorker;
    subscribed.push(worker);
    return worker;
  };
  return { clock, sessions, sent, raise, subscribe, heard };
}

it('a call that somebody answers, and whose connector is no more, ends', async () => {
  const { clock, sessions, sent, raise } = scene();
  sessions.own('B2B.1', '127.0.0.1 40000', undefined);
  raise('EARLY', 180);
  await clock.advanceAsync(2_000);
  raise('ANSWERED', 200);
  await clock.advanceAsync(4_000);
  expect(sent).toEqual([]);
  await clock.advanceAsync(1_000);
  expect(sent.map((text) => JSON.parse(text))).toMatchObject([
    { method: 'ua_session_terminate', params: { key: 'B2B.1' } },
  ]);
  expect(sessions.size).toBe(0);
});

it('one that its connector has acknowledged goes on', async () => {
  const { clock, sessions, sent, raise } = scene();
  raise('ANSWERED', 200);
  expect(sessions.admit('B2B.1', '127.0.0.1 40000', undefined, false)).toBe('go-on');
  await clock.advanceAsync(10_000);
  expect([sent, sessions.size]).toEqual([[], 1]);
});

it.each([
  ['ANSWERED', 200, 'UAC'],
  ['UPDATED', 0, 'UAS'],
])('a connector that was heard before it subscribed keeps its call (%s)', async (type, status, entity) => {
  const { clock, sessions, sent, raise } = scene();
  expect(sessions.admit('B2B.1', '127.0.0.1 40000', undefined, false)).toBe('go-on');
  raise(type, status, entity);
  expect(sessions.admit('B2B.1', '127.0.0.1 40000', undefined, false)).toBe('go-on');
  await clock.advanceAsync(10_000);
  expect([sent, sessions.size]).toEqual([[], 1]);
});

it('a far end that says 200 again and again does not put off the end', async () => {
  const { clock, sent, raise } = scene();
  for (let again = 0; again < 3; again += 1) {
    raise('ANSWERED', 200);
    await clock.advanceAsync(2_000);
  }
  expect(sent.length).toBeGreaterThan(0);
});

it('hears of its call once it has subscribed, and loses it when it is gone', async () => {
  const { clock, sessions, sent, raise, subscribe, heard } = scene();
  sessions.own('B2B.1', 'a', undefined);
  const [worker] = [subscribe('a'), subscribe('b')];
  sessions.admit('B2B.1', 'a', worker, false);
  raise('UPDATED', 0, 'UAS');
  expect(heard).toEqual(['UPDATED']);
  sessions.release(worker, false);
  await clock.advanceAsync(0);
  expect(sent.map((text) => JSON.parse(text))).toMatchObject([{ method: 'ua_session_terminate' }]);
});

it('what comes with another To tag goes to the connector whose call OpenSIPS takes it for, and a BYE ends that call', () => {
  const { sessions, sent, raise, subscribe, heard } = scene();
  const worker = subscribe('a');
  subscribe('b');
  sessions.own('B2B.7.1.2.3', 'a', worker);
  raise('UPDATED', 0, 'UAS', 'B2B.7.1.2.3x', 'INFO');
  expect([heard, sessions.size]).toEqual([['UPDATED'], 1]);
  raise('TERMINATED', 0, 'UAS', 'B2B.7.1.2.4', 'BYE');
  expect([heard, sessions.size, sent]).toEqual([['UPDATED', 'TERMINATED'], 0, []]);
});

it('what comes with another To tag in a call whose connector is no more ends that call', async () => {
  const { clock, sessions, sent, raise } = scene();
  sessions.own('B2B.7.1.2.3', 'a', undefined);
  raise('UPDATED', 0, 'UAS', 'B2B.7.1.2.3x', 'INFO');
  await clock.advanceAsync(3_000);
  expect(sent.map((text) => JSON.parse(text))).toMatchObject([
    { method: 'ua_session_reply', params: { key: 'B2B.7.1.2.3x', method: 'INFO', code: 481 } },
  ]);
  expect(sessions.size).toBe(0);
});

it('a call that was refused ends, whatever the last connector that had it says then', async () => {
  const { clock, sessions, sent, raise, subscribe } = scene();
  const worker = subscribe('a');
  raise('NEW', 0, 'UAS');
  sessions.release(worker, false);
  expect(sessions.admit('B2B.1', 'a', worker, false)).toBe('go-on');
  await clock.advanceAsync(6_000);
  expect(sent.map((text) => JSON.parse(text).method)).toEqual(expect.arrayContaining(['ua_session_terminate']));
  expect(sessions.size).toBe(0);
});

it.each(['UAS', 'UAC'])(
  'a peer that asks in a call whose connector is no more is told so, and the call ends (%s)',
  async (entity) => {
    const { clock, sessions, sent, raise } = scene();
    sessions.own('B2B.1', '127.0.0.1 40000', undefined);
    raise('UPDATED', 0, entity);
    await clock.advanceAsync(3_000);
    expect(sent.map((text) => JSON.parse(text))).toMatchObject([
      { method: 'ua_session_reply', params: { key: 'B2B.1', method: 'INVITE', code: 481 } },
    ]);
    expect(sessions.size).toBe(0);
  },
);
