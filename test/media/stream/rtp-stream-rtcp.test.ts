import { expect, test } from 'vitest';
import { parseRtcp, RtcpSummary } from '../../../src/media/rtcp/rtcp-packet.js';
import { CALLER, parametersOf, setUpStream } from '../../support/stream-bench.js';

const OTHER_PORT = { address: CALLER.address, port: 4_100 };
const summaryOf = (bytes: Uint8Array | undefined): RtcpSummary => {
  const summary = new RtcpSummary();
  expect(parseRtcp(bytes ?? new Uint8Array(), summary)).toBe(true);
  return summary;
};

test('reports leave every few seconds to the port above the one that audio goes to', () => {
  const { clock, stream, reports, muxed } = setUpStream();
  stream.connect(parametersOf());
  clock.advance(60_000);
  expect(reports.length).toBeGreaterThanOrEqual(9);
  expect(reports.length).toBeLessThanOrEqual(30);
  expect(new Set(reports.map(({ to }) => `${to.address}:${to.port}`))).toEqual(new Set(['192.0.2.1:4001']));
  expect(muxed).toEqual([]);
  expect(summaryOf(reports[3]?.bytes)).toMatchObject({ senderReports: 1, byes: 0 });
  expect(stream.stats().rtcp).toEqual({ sent: reports.length, received: 0 });
});

test('with rtcp-mux reports go where audio goes, from the same port', () => {
  const { clock, stream, reports, muxed } = setUpStream();
  stream.connect(parametersOf({ rtcp: { mux: true, remote: undefined } }));
  clock.advance(20_000);
  expect(muxed.length).toBeGreaterThanOrEqual(2);
  expect(muxed.every(({ to }) => to.port === CALLER.port)).toBe(true);
  expect(reports).toEqual([]);
});

test('a=rtcp holds until audio turns out to come from elsewhere', () => {
  const { clock, stream, reports, talk } = setUpStream();
  stream.connect(parametersOf({ rtcp: { mux: false, remote: { address: '192.0.2.1', port: 5_555 } } }));
  clock.advance(10_000);
  expect(new Set(reports.map(({ to }) => to.port))).toEqual(new Set([5_555]));
  talk(500, OTHER_PORT);
  expect(reports.at(-1)?.to).toEqual({ address: CALLER.address, port: OTHER_PORT.port + 1 });
});

test('a call on hold goes on reporting, as a receiver; one without an address does not', () => {
  const { clock, stream, reports } = setUpStream();
  stream.connect(parametersOf({ direction: 'inactive' }));
  clock.advance(20_000);
  expect(reports.length).toBeGreaterThanOrEqual(2);
  expect(summaryOf(reports[0]?.bytes)).toMatchObject({ senderReports: 0, receiverReports: 1 });
  const nowhere = setUpStream();
  nowhere.stream.connect(parametersOf({ remote: undefined }));
  nowhere.clock.advance(20_000);
  nowhere.stream.close(true);
  expect(nowhere.reports).toEqual([]);
});

test('when we end the call an RTCP BYE is the last packet; when the peer does, nothing more leaves', () => {
  const ours = setUpStream();
  ours.stream.connect(parametersOf());
  ours.clock.advance(1_000);
  ours.stream.close(true);
  ours.stream.close(true);
  expect(ours.reports.map(({ bytes }) => summaryOf(bytes).byes)).toEqual([1]);
  const theirs = setUpStream();
  theirs.stream.connect(parametersOf());
  theirs.clock.advance(1_000);
  theirs.stream.close();
  for (const { clock, packets, reports } of [ours, theirs]) {
    const sent = packets.length + reports.length;
    clock.advance(30_000);
    expect(packets.length + reports.length).toBe(sent);
  }
  expect(theirs.reports).toEqual([]);
});

test('what the caller reports is in the figures of the call', () => {
  const { clock, stream, reports, talk } = setUpStream();
  stream.connect(parametersOf());
  talk(300);
  const ours = reports.at(-1)?.bytes ?? Buffer.alloc(0);
  const answer = Buffer.alloc(32);
  answer.writeUInt32BE(0x81c9_0007, 0);
  answer.writeUInt32BE(5, 4);
  ours.copy(answer, 8, 4, 8);
  answer.writeUInt32BE(0x0a00_0003, 12);
  answer.writeUInt32BE(80, 20);
  // LSR: the middle of the NTP timestamp; no time has passed there.
  ours.copy(answer, 24, 10, 14);
  const waitedMs = clock.now() - (reports.at(-1)?.atMs ?? 0);
  stream.receiveRtcp(answer, CALLER, clock.now());
  const { remote, roundTripMs, mos } = stream.stats();
  expect(roundTripMs).toBeCloseTo(waitedMs, 0);
  expect(remote).toMatchObject({ lost: 3, jitterMs: 10, mos: expect.any(Number) });
  expect(mos).toBeLessThan(4.5);
  stream.receiveRtcp(answer, { address: '198.51.100.66', port: 4_001 }, clock.now());
  expect(stream.stats().in.dropped).toEqual({ source: 1 });
});

test('reports come from another address than audio where a=rtcp says so, within the nets of the call', () => {
  const elsewhere = { address: '192.0.2.77', port: 5_555 };
  const report = Buffer.alloc(8);
  report.writeUInt32BE(0x80c9_0001, 0);
  for (const [admits, received, dropped] of [
    [undefined, 1, { source: 1 }],
    [(address: string) => address === CALLER.address, 0, { net: 2 }],
  ] as const) {
    const { clock, stream } = setUpStream({}, undefined, admits);
    stream.connect(parametersOf({ rtcp: { mux: false, remote: elsewhere } }));
    clock.advance(40);
    stream.receiveRtcp(report, { ...elsewhere, port: 6_666 }, clock.now());
    stream.receiveRtcp(report, { address: '198.51.100.66', port: 5_555 }, clock.now());
    expect(stream.stats()).toMatchObject({ rtcp: { received }, in: { dropped } });
  }
});

test('a report that cannot be taken ends its own call and no other: nothing is thrown', () => {
  const { stream, events, clock } = setUpStream();
  stream.connect(parametersOf());
  clock.advance(40);
  const broken = Object.defineProperty(Buffer.alloc(8), 'length', {
    get: () => {
      throw new Error('out of reach');
    },
  });
  stream.receiveRtcp(broken, CALLER, clock.now());
  expect(events.at(-1)).toEqual({ type: 'failed', message: 'out of reach' });
});
