import { expect, test } from 'vitest';
import { MiClient } from '../../../src/signaling/opensips/mi/mi-client.js';
import { OutboundStarter, type StartOutcome } from '../../../src/signaling/opensips/outbound-starter.js';
import { readSessionEvent, type SessionEvent } from '../../../src/signaling/opensips/session-event.js';
import { eventLoopTurns } from '../../support/event-loop-turns.js';
import { FakeClock } from '../../support/fake-clock.js';

const URI = 'sip:callee@example.com';
const FROM = 'sip:2000@pbx.example.com';

/** OpenSIPS names a session when a test says so. */
async function setUp() {
  const clock = new FakeClock();
  const commands: {
    readonly id: number;
    readonly method: string;
    readonly params: Readonly<Record<string, string>>;
  }[] = [];
  let answer = (_text: string): void => {};
  const link = {
    address: undefined,
    open: async (onAnswer: (text: string) => void) => {
      answer = onAnswer;
    },
    send: (text: string) => void commands.push(JSON.parse(text)),
    close: async () => {},
  };
  const mi = new MiClient(link, clock);
  await mi.open();
  const starter = new OutboundStarter(mi, clock);
  const start = (fromDisplayName = ''): Promise<StartOutcome> =>
    starter.start({ uri: URI, proxy: undefined, from: FROM, fromDisplayName, body: 'v=0', headers: [] });
  const name = async (key: string): Promise<void> => {
    const started = commands.filter(({ method }) => method === 'ua_session_client_start').at(-1);
    answer(JSON.stringify({ jsonrpc: '2.0', id: started?.id, result: key }));
    await eventLoopTurns(2);
  };
  /** Nobody answers for as long as is waited for it. */
  const lose = async (): Promise<void> => {
    clock.advance(3_500);
    await eventLoopTurns(2);
  };
  // Nobody answers that either: it is said again.
  const ended = (): (string | undefined)[] => [
    ...new Set(commands.filter(({ method }) => method === 'ua_session_terminate').map(({ params }) => params['key'])),
  ];
  return { starter, start, name, lose, ended, commands };
}

function eventOf(key: string, to = URI): SessionEvent {
  const headers = `To: <${to}>;tag=a\r\nFrom: <${FROM}>;tag=b\r\n`;
  const params = { key, event_type: 'ANSWERED', entity_type: 'UAC', method: 'INVITE', status: 200, headers };
  const event = readSessionEvent(Buffer.from(JSON.stringify({ method: 'E_UA_SESSION', params })));
  if (event === undefined) throw new Error('no event');
  return event;
}

test('an event that overtakes the name of its session is kept, however many others are strangers', async () => {
  const { starter, start, name } = await setUp();
  const outcome = start();
  for (let index = 0; index < 300; index += 1) starter.receive(eventOf(`B2B.${index}`, 'sip:other@example.com'));
  starter.receive(eventOf('ours'));
  await name('ours');
  expect(await outcome).toMatchObject({ type: 'started', events: [{ key: 'ours' }] });
});

test('a session whose start was never answered is ended, whether it is heard of before or after that is known', async () => {
  const { starter, start, lose, ended } = await setUp();
  const early = start();
  starter.receive(eventOf('early'));
  await lose();
  expect([await early, ended()]).toEqual([{ type: 'lost' }, ['early']]);
  const late = start();
  await lose();
  starter.receive(eventOf('late'));
  await eventLoopTurns(2);
  expect([await late, ended()]).toEqual([{ type: 'lost' }, ['early', 'late']]);
});

test('the next call to the same number is not taken for one that was lost', async () => {
  const { starter, start, name, lose, ended } = await setUp();
  const first = start();
  await lose();
  expect(await first).toEqual({ type: 'lost' });
  const second = start();
  starter.receive(eventOf('second'));
  starter.receive(eventOf('first'));
  await name('second');
  expect(await second).toMatchObject({ type: 'started', key: 'second', events: [{ key: 'second' }] });
  expect(ended()).toEqual(['first']);
});

test('a name that a caller has put line ends into stays in its field', async () => {
  const { start, commands } = await setUp();
  void start('\r\nX-Smuggled: 1,2');
  expect(commands[0]?.params['from']).toBe(`"X-Smuggled: 1 2",${FROM}`);
});
