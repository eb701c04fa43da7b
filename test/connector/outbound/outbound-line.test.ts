import { expect, it, vi } from 'vitest';
import { OutboundLine } from '../../../src/connector/outbound/outbound-line.js';
import type { LegEvent } from '../../../src/signaling/port.js';
import { FakeOutboundLeg } from '../../support/fake-outbound-leg.js';

const order = { uri: 'sip:100@example.com', fromUser: '2000' } as const;
const describeSound = (address: string): string => `v=0 ${address}`;

function openLine(invite?: () => never) {
  const legs: FakeOutboundLeg[] = [];
  const make = (request: ConstructorParameters<typeof FakeOutboundLeg>[0]): FakeOutboundLeg => {
    const leg = new FakeOutboundLeg(request);
    legs.push(leg);
    return leg;
  };
  const line = new OutboundLine(order, invite ?? make);
  const events: LegEvent[] = [];
  line.listen((event) => events.push(event));
  return { line, legs, events };
}

it('a call that is hung up before it is dialled is over, and nobody rings', async () => {
  const { line, legs, events } = openLine();
  line.hangUp();
  line.hangUp();
  // Who hangs up is not called back meanwhile.
  expect(events).toEqual([]);
  line.refer({ uri: 'sip:desk@example.com' });
  line.dial(describeSound);
  await Promise.resolve();
  expect(events).toEqual([{ type: 'ended', end: { by: 'local', status: 0, text: '' } }]);
  expect(legs).toEqual([]);
});

it('what needs a dialog is refused with 481 before there is one', async () => {
  const { line, events } = openLine();
  line.refer({ uri: 'sip:desk@example.com' });
  line.reoffer('v=0');
  line.sendDigit('5', 100);
  await Promise.resolve();
  expect(events).toEqual([
    { type: 'transfer', status: 481, final: true },
    { type: 'reoffered', status: 481, sdp: undefined },
  ]);
});

it('a driver that has stopped ends the call, as a network would', async () => {
  const { line, events } = openLine(() => {
    throw new Error('closed');
  });
  line.dial(describeSound);
  await Promise.resolve();
  expect(events).toEqual([{ type: 'ended', end: { by: 'transport', status: 0, text: '' } }]);
});

it('dialled twice it rings once, and keys and hanging up are for the leg', async () => {
  const { line, legs, events } = openLine();
  line.dial(describeSound);
  line.dial(describeSound);
  line.sendDigit('5', 100);
  expect(legs[0]?.digits).toEqual(['5 100']);
  line.hangUp();
  await Promise.resolve();
  expect(legs.map(({ offer, farewells }) => [offer, farewells.length])).toEqual([['v=0 127.0.0.1', 1]]);
  expect(events).toEqual([]);
});

it('transfer and hold of a call that was dialled are for the leg', () => {
  const { line, legs, events } = openLine();
  line.dial(describeSound);
  const [leg] = legs;
  if (leg === undefined) throw new Error('nothing was dialled');
  const refer = vi.spyOn(leg, 'refer');
  const reoffer = vi.spyOn(leg, 'reoffer');
  line.refer({ uri: 'sip:desk@example.com' });
  line.reoffer('v=1');
  expect(refer.mock.calls).toEqual([[{ uri: 'sip:desk@example.com' }]]);
  expect(reoffer.mock.calls).toEqual([['v=1']]);
  expect([line.callId, line.localAddress, events]).toEqual(['second@test', '127.0.0.1', []]);
});
