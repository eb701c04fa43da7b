import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CauseText, EndedBy } from '../../src/ops/call-record.js';
import { ConnectorProcess } from '../support/connector-process.js';
import { RtpPeer } from '../support/rtp-peer.js';
import { runSipp, type SippCall } from './run-sipp.js';
import { scenarioTitle } from './scenario.js';

let connector: ConnectorProcess;

beforeAll(async () => {
  connector = await ConnectorProcess.start();
});

afterAll(async () => {
  await connector[Symbol.asyncDispose]();
});

/** What the call record says of the one INVITE of a scenario. */
interface Expected {
  readonly sip: number;
  readonly text: CauseText;
  readonly endedBy: EndedBy;
}

interface Row extends Pick<SippCall, 'scenario' | 'service' | 'transport' | 'expectsRetransmissions'> {
  readonly family?: 4 | 6;
  /** Absent where no INVITE is sent. */
  readonly record?: Expected;
}

const normal: Expected = { sip: 200, text: 'normal', endedBy: 'caller' };
const cancelled: Expected = { sip: 487, text: 'cancelled', endedBy: 'caller' };

function rejected(sip: number): Expected {
  return { sip, text: 'rejected', endedBy: 'connector' };
}

const rows: readonly Row[] = [
  // The longest first: they run beside the others.
  { scenario: 'lost-ack', service: '2001', record: normal, expectsRetransmissions: true },
  { scenario: 'routing', service: '2000', record: { sip: 200, text: 'normal', endedBy: 'agent' } },
  { scenario: 'basic', service: '2001', record: normal },
  { scenario: 'basic', service: '2001', record: normal, transport: 'tcp' },
  { scenario: 'basic', service: '2001', record: normal, family: 6 },
  { scenario: 'ringing', service: '2010', record: normal },
  { scenario: 'early-media', service: '2011', record: normal },
  { scenario: 'cancel', service: '2010', record: cancelled },
  { scenario: 'cancel', service: '2010', record: cancelled, transport: 'tcp' },
  { scenario: 'cancel-after-200', service: '2001', record: normal },
  { scenario: 'reinvite-without-sdp', service: '2001', record: normal },
  { scenario: 'retransmissions', service: '2010', record: normal, expectsRetransmissions: true },
  { scenario: 'lost-ack-of-error', service: '9999', record: rejected(404), expectsRetransmissions: true },
  { scenario: 'merged', service: '2010', record: normal },
  { scenario: 'options', service: '2001' },
  { scenario: 'options', service: '2001', transport: 'tcp' },
  { scenario: 'options-in-dialog', service: '2001', record: normal },
  { scenario: 'not-found', service: '9999', record: rejected(404) },
  { scenario: 'method-not-allowed', service: '2001' },
  { scenario: 'unknown-method', service: '2001' },
  { scenario: 'unsupported-type', service: '2001', record: rejected(415) },
  { scenario: 'bad-extension', service: '2001', record: rejected(420) },
  { scenario: 'no-codec', service: '2001', record: rejected(488) },
  { scenario: 'srtp-only', service: '2001', record: rejected(488) },
  { scenario: 'several-streams', service: '2001', record: normal },
  { scenario: 'low-cseq', service: '2001', record: normal },
  { scenario: 'wrong-tags', service: '2001', record: normal },
  { scenario: 'second-bye', service: '2001', record: normal },
  { scenario: 'bye-before-ack', service: '2001', record: normal },
  { scenario: 'compact-folded', service: '2001', record: normal },
  { scenario: 'long-headers', service: '2001', record: normal, transport: 'tcp' },
  { scenario: 'refer-in-dialog', service: '2001', record: normal },
  { scenario: 'refer-out-of-dialog', service: '2001' },
];

/** Runs a scenario against the connector all tests share, as a caller of its own. */
async function call(row: Row, caller: string, keys: SippCall['keys']): Promise<void> {
  const { scenario, service, transport = 'udp', family = 4, expectsRetransmissions = false } = row;
  const target = connector.sip(transport, family);
  const localAddress = family === 6 ? '::1' : '127.0.0.1';
  const padding = 'x'.repeat(1_000);
  await runSipp({
    ...{ scenario, service, transport, target, localAddress, caller, expectsRetransmissions },
    keys: { padding, ...keys },
  });
}

function causeOf(record: {
  readonly cause: { readonly sip: number; readonly text: CauseText };
  readonly endedBy: EndedBy;
}) {
  return { ...record.cause, endedBy: record.endedBy };
}

describe.concurrent('SIPp', () => {
  for (const row of rows) {
    const variant = [row.transport === 'tcp' ? 'over TCP' : '', row.family === 6 ? 'over IPv6' : '']
      .filter(Boolean)
      .join('');
    test(`${row.scenario}: ${scenarioTitle(row.scenario)}${variant === '' ? '' : ` (${variant})`}`, async () => {
      await using peer = await RtpPeer.open(row.family === 6 ? '::1' : '127.0.0.1');
      const caller = `${row.scenario}-${row.transport ?? 'udp'}${row.family ?? 4}`;
      await call(row, caller, { rtp_port: peer.port });
      if (row.record) expect(causeOf(await connector.recordOf(caller))).toEqual(row.record);
      else expect(connector.records().filter(({ from }) => from.includes(caller))).toEqual([]);
    });
  }

  test('what the caller says comes back as it was, in order, from the bare echo', async () => {
    await using peer = await RtpPeer.open();
    const sent = Array.from({ length: 50 }, (_, index) => new Uint8Array(160).fill(index + 1));
    const running = call({ scenario: 'hold-the-line', service: '2001' }, 'echo', { rtp_port: peer.port });
    await peer.sendAudio(sent);
    await running;
    // A packet holds the end of one of the caller's and the beginning of the next: two values. Where a stall of a busy
    // machine made packets late, what was invented in their place has more.
    const heard = peer.received
      .filter(({ payload }) => new Set(payload).size <= 2)
      .map(({ payload }) => payload.readUInt8(80))
      .filter((value) => value <= 50);
    const values = heard.filter((value, index) => value !== heard[index - 1]);
    // In order and each once. Such a stall may cost some: the echo leaves out what it made late.
    expect(values).toEqual([...new Set(values)].sort((a, b) => a - b));
    expect(values.length).toBeGreaterThanOrEqual(sent.length / 2);
    expect(peer.received.every(({ payloadType, payload }) => payloadType === 0 && payload.length === 160)).toBe(true);
    const record = await connector.recordOf('echo');
    expect(record.codec).toBe('pcmu');
    expect(record.rtp?.in.packets).toBe(50);
  });

  test('late-offer: the ACK chooses PCMA, and PCMA is what is sent', async () => {
    await using peer = await RtpPeer.open();
    await call({ scenario: 'late-offer', service: '2001' }, 'late-offer', { rtp_port: peer.port });
    expect(new Set(peer.received.map(({ payloadType }) => payloadType))).toEqual(new Set([8]));
    expect((await connector.recordOf('late-offer')).codec).toBe('pcma');
  });

  test('hold-resume: nothing is sent during each hold, and audio is back after each', async () => {
    await using peer = await RtpPeer.open();
    await call({ scenario: 'hold-resume', service: '2001' }, 'hold', { rtp_port: peer.port });
    // Each hold lasts 700 ms; a busy machine may add a gap of its own, never take one away.
    expect(peer.gaps(500).length).toBeGreaterThanOrEqual(3);
    expect(new Set(peer.received.map(({ ssrc }) => ssrc)).size).toBe(1);
    expect(causeOf(await connector.recordOf('hold'))).toEqual(normal);
  });

  test('reinvite-new-port: media moves to the new port', async () => {
    await using before = await RtpPeer.open();
    await using after = await RtpPeer.open();
    const keys = { rtp_port: before.port, other_rtp_port: after.port };
    await call({ scenario: 'reinvite-new-port', service: '2001' }, 'new-port', keys);
    expect(after.received.length).toBeGreaterThan(10);
    expect(before.received.at(-1)?.atMs).toBeLessThan(after.received[5]?.atMs ?? 0);
    expect(after.received[0]?.ssrc).toBe(before.received[0]?.ssrc);
  });

  test('reinvite-unusable: audio goes on through a re-INVITE that was refused', async () => {
    await using peer = await RtpPeer.open();
    await call({ scenario: 'reinvite-unusable', service: '2001' }, 'unusable', { rtp_port: peer.port });
    // 500 ms before the re-INVITE, 700 ms after it.
    expect(peer.received.length).toBeGreaterThan(45);
    expect(causeOf(await connector.recordOf('unusable'))).toEqual(normal);
  });

  test('dtmf-info: each INFO is one digit', async () => {
    await using peer = await RtpPeer.open();
    await call({ scenario: 'dtmf-info', service: '2000' }, 'dtmf-info', { rtp_port: peer.port });
    expect((await connector.recordOf('dtmf-info')).dtmf).toBe('57*');
  });

  test('RFC 4733: each key counts once, whichever of its packets are lost or tripled', async () => {
    await using peer = await RtpPeer.open();
    const running = call({ scenario: 'hold-the-line', service: '2000' }, 'dtmf-rtp', { rtp_port: peer.port });
    await peer.sendDigit('1', 101);
    await peer.sendDigit('1', 101, [], 3);
    await peer.sendDigit('*', 101, [5, 6, 7]);
    await peer.sendDigit('D', 101, [0, 1, 2, 3, 4]);
    await running;
    expect((await connector.recordOf('dtmf-rtp')).dtmf).toBe('11*D');
  });

  test('not-allowed-source: a source outside `allow` gets no answer, and no record', async () => {
    const target = connector.sip('udp');
    const call = { scenario: 'not-allowed-source', service: '2001', caller: 'scanner', target };
    await runSipp({ ...call, localAddress: '127.0.0.2' });
    await expect(runSipp({ ...call, localAddress: '127.0.0.1' })).rejects.toThrow('failed');
    expect(connector.records().filter(({ from }) => from.includes('scanner'))).toEqual([]);
  });
});

test('a connector with one call takes no second, and SIGTERM lets the first finish', async () => {
  await using small = await ConnectorProcess.start({ config: { limits: { calls: 1 } } });
  await using peer = await RtpPeer.open();
  const shared = { service: '2001', target: small.sip('udp') };
  const first = runSipp({ ...shared, scenario: 'drained', caller: 'first', keys: { rtp_port: peer.port } });
  await peer.waitForPackets(1);

  await runSipp({ ...shared, scenario: 'busy', caller: 'second', keys: { rtp_port: 9 } });
  expect(causeOf(await small.recordOf('second'))).toEqual({ sip: 503, text: 'busy-limit', endedBy: 'connector' });
  await runSipp({ ...shared, scenario: 'options-full', caller: 'options' });

  small.terminate();
  await runSipp({ ...shared, scenario: 'busy', caller: 'third', keys: { rtp_port: 9 } });
  expect(causeOf(await small.recordOf('third'))).toEqual({ sip: 503, text: 'drain', endedBy: 'connector' });

  await first;
  expect(causeOf(await small.recordOf('first'))).toEqual(normal);
  expect(await small.exited()).toBe(0);
});

test('after all calls the connector is as it was: none left, nothing complained of', async () => {
  expect(await connector.admin('GET', '/calls')).toEqual({ calls: [] });
  expect(connector.errors).toBe('');
  expect(connector.log.filter(({ level }) => typeof level === 'number' && level >= 50)).toEqual([]);
});
