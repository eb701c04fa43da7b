import type { CallSummary } from '../../src/ops/call-event.js';
import type { CallRecord } from '../../src/ops/call-record.js';

type DeepRequired<T> = T extends readonly (infer Item)[]
  ? readonly DeepRequired<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]-?: DeepRequired<T[Key]> }
    : T;

/** A record with every field there is, optional ones included: the compiler asks for each new one. */
export const fullRecord = {
  version: 1,
  id: 'call-1',
  direction: 'inbound',
  from: '+442071838750',
  to: '2000',
  route: '0 to=2000',
  flavor: 'echo',
  codec: 'pcmu',
  startedAt: '2026-01-01T10:00:00.000Z',
  answeredAt: '2026-01-01T10:00:00.012Z',
  endedAt: '2026-01-01T10:00:09.512Z',
  durationMs: 9500,
  endedBy: 'caller',
  cause: { sip: 200, text: 'normal' },
  turns: [
    {
      v2vMs: 640,
      stages: {
        endOfTurnMs: 300,
        transcriptMs: 310,
        firstTokenMs: 400,
        firstAudioMs: 560,
        playoutMs: 640,
        speculative: 'hit',
      },
      tiers: [{ tier: 'laptop', reason: 'first', left: 'ERR_FLAVOR_NETWORK' }],
      interrupted: true,
      heardMs: 1840,
      startedMs: 2100,
      endedMs: 3940,
      heardText: 'Your parcel will',
    },
  ],
  bargeIns: [{ onsetMs: 3600, onsetToPauseMs: 12, decisionToSilenceMs: 14, resumed: false }],
  rtp: {
    in: { packets: 475, lost: 2, lateDropped: 1, concealedMs: 60, jitterMs: 1.5 },
    out: { packets: 475, maxGapMs: 21, lost: 1, jitterMs: 2.5, mos: 4.2 },
    roundTripMs: 42,
    mos: 4.3,
  },
  dtmf: '4711',
  tools: [{ name: 'hang_up', ms: 3, ok: true }],
  usage: [{ provider: 'acme', model: 'voice-1', unit: 'characters', quantity: 120 }],
  costUsd: 0.012,
  unpriced: ['acme/voice-2 audio-ms'],
  transcript: [{ role: 'caller', text: 'Where is my parcel?', atMs: 1500 }],
  recording: 'recordings/call-1.wav',
  recordingPauses: [{ fromMs: 4000, toMs: 9000 }],
  failOvers: [{ flavor: 'echo', code: 'ERR_FLAVOR_NETWORK', atMs: 5000 }],
  takeOvers: [{ from: '2002', atMs: 6000 }],
  error: { code: 'ERR_FLAVOR_NETWORK', message: 'the connection broke' },
  recovered: true,
} as const satisfies DeepRequired<CallRecord>;

/** The record of an ordinary call, with changes. */
export function sampleRecord(changes: Partial<CallRecord> = {}): CallRecord {
  const {
    failOvers: _failOvers,
    takeOvers: _takeOvers,
    recordingPauses: _recordingPauses,
    recovered: _recovered,
    unpriced: _unpriced,
    dtmf: _dtmf,
    transcript: _transcript,
    ...plain
  } = fullRecord;
  return { ...plain, error: null, recording: null, ...changes };
}

/** A call as it looks when it is answered. */
export function sampleSummary(changes: Partial<CallSummary> = {}): CallSummary {
  return {
    id: 'call-1',
    direction: 'inbound',
    from: '+442071838750',
    to: '2000',
    route: '0 to=2000',
    flavor: 'echo',
    codec: 'pcmu',
    state: 'answered',
    startedAt: '2026-01-01T00:00:00.000Z',
    answeredAt: '2026-01-01T00:00:00.000Z',
    durationMs: 0,
    turns: 0,
    v2vMs: null,
    ...changes,
  };
}
