import { expect, test } from 'vitest';
import type { ChannelInviteUser } from '../../../src/signaling/dialog-channel.js';
import { SipHeaders } from '../../../src/signaling/message/sip-headers.js';
import type { SipResponse } from '../../../src/signaling/message/sip-message.js';
import { Reoffers } from '../../../src/signaling/session/reoffers.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SeededRandom } from '../../support/seeded-random.js';

function setUp() {
  const sent: ChannelInviteUser[] = [];
  const reported: number[] = [];
  const faults: unknown[] = [];
  const reoffers = new Reoffers({
    channel: {
      send: () => {},
      invite: (_sdp, user) => {
        sent.push(user);
        return { proceeding: false, cancel: () => {}, limit: () => {} };
      },
    },
    clock: new FakeClock(),
    random: new SeededRandom(1),
    patienceMs: 32_000,
    ownsCallId: true,
    isClear: () => true,
    onReoffered: (status) => reported.push(status),
    onDead: () => {},
    onFault: (error) => faults.push(error),
  });
  return { reoffers, sent, reported, faults };
}

const answer: SipResponse = {
  kind: 'response',
  status: 200,
  phrase: 'OK',
  headers: new SipHeaders(),
  body: Buffer.alloc(0),
};

test('an offer that cannot be made is told of, also after one that only refreshed', async () => {
  const { reoffers, sent, reported, faults } = setUp();
  reoffers.refresh('standing');
  sent[0]?.onResponse(answer);
  expect(reported).toEqual([]);
  const broken = new Error('no offer');
  reoffers.offer(() => {
    throw broken;
  });
  await Promise.resolve();
  expect([reported, faults]).toEqual([[503], [broken]]);
});
