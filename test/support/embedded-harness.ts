import type { DnsClient } from '../../src/signaling/dns/dns-client.js';
import { createEmbeddedDriver } from '../../src/signaling/embedded/embedded-driver.js';
import type { EmbeddedOptions } from '../../src/signaling/embedded/embedded-options.js';
import type { SipResponse } from '../../src/signaling/message/sip-message.js';
import type {
  InboundLeg,
  InviteRequest,
  LegEvent,
  OutboundLeg,
  OutboundRequest,
  SignalingDriver,
  SipProtocol,
} from '../../src/signaling/port.js';
import { FakeClock } from './fake-clock.js';
import { FakeSipTransport, type Sent } from './fake-sip-transport.js';
import { SeededRandom } from './seeded-random.js';
import { type RequestText, requestText, SDP, tagOf } from './sip-text.js';

export const PEER = { address: '192.0.2.9', port: 5070 };

export interface HarnessOptions {
  readonly options?: Partial<EmbeddedOptions>;
  readonly onInvite?: (leg: InboundLeg) => unknown;
  readonly lookup?: (name: string) => Promise<readonly string[]>;
  readonly dns?: DnsClient;
  readonly protocols?: readonly SipProtocol[];
}

/** A whole driver on sockets in memory and a clock that stands still. */
export interface Harness {
  readonly clock: FakeClock;
  readonly driver: SignalingDriver;
  readonly udp: FakeSipTransport;
  readonly tcp: FakeSipTransport;
  readonly tls: FakeSipTransport;
  readonly ws: FakeSipTransport;
  /** Legs as they came, with what happened to them. */
  readonly legs: { readonly leg: InboundLeg; readonly events: LegEvent[] }[];
  readonly refused: { readonly invite: InviteRequest; readonly status: number }[];
  readonly states: string[];
  readonly warnings: object[];
  /** Sends a request from {@link PEER} over UDP. */
  send(request: RequestText): string;
  /** The leg of that index and its events so far. */
  leg(index?: number): InboundLeg;
  events(index?: number): readonly LegEvent[];
  /** Statuses of the responses sent since the last look. */
  statuses(): readonly number[];
  /** Starts an outbound call and collects its events. */
  dial(request?: Partial<OutboundRequest>): { readonly leg: OutboundLeg; readonly events: LegEvent[] };
}

export async function createHarness({
  options = {},
  onInvite = (leg) => leg.accept(SDP),
  lookup,
  dns,
  protocols = ['udp', 'tcp'],
}: HarnessOptions = {}): Promise<Harness> {
  const clock = new FakeClock();
  const transports = {
    udp: new FakeSipTransport('udp', clock),
    tcp: new FakeSipTransport('tcp', clock),
    tls: new FakeSipTransport('tls', clock),
    ws: new FakeSipTransport('ws', clock),
  };
  const { udp, tcp, tls, ws } = transports;
  const all: readonly FakeSipTransport[] = [udp, tcp, tls, ws];
  const legs: { leg: InboundLeg; events: LegEvent[] }[] = [];
  const refused: { invite: InviteRequest; status: number }[] = [];
  const states: string[] = [];
  const warnings: object[] = [];
  const driver = createEmbeddedDriver(
    {
      listen: protocols.map((protocol) => ({ protocol, host: '192.0.2.1', port: 5060 })),
      allow: ['0.0.0.0/0'],
      ...options,
    },
    {
      clock,
      random: new SeededRandom(3),
      log: { debug: () => {}, warn: (fields) => warnings.push(fields) },
      createTransport: ({ protocol }, accept) => {
        const transport = all.find((one) => one.protocol === protocol);
        if (transport === undefined) throw new Error(`no transport for ${protocol}`);
        return transport.accepting(accept);
      },
      ...(lookup === undefined ? {} : { lookup }),
      ...(dns === undefined ? {} : { dns }),
    },
  );
  await driver.start({
    onInvite: (leg) => {
      const events: LegEvent[] = [];
      legs.push({ leg, events });
      leg.listen((event) => events.push(event));
      return onInvite(leg);
    },
    onRefused: (invite, status) => refused.push({ invite, status }),
    onStateChange: (state) => states.push(state),
  });
  const at = (index: number) => {
    const entry = legs[index];
    if (entry === undefined) throw new Error(`no leg ${index}`);
    return entry;
  };
  return {
    clock,
    driver,
    udp,
    tcp,
    tls,
    ws,
    legs,
    refused,
    states,
    warnings,
    send: (request) => {
      const text = requestText(request);
      udp.receive(PEER, text);
      return text;
    },
    leg: (index = 0) => at(index).leg,
    events: (index = 0) => at(index).events,
    statuses: () => udp.takeResponses().map(({ status }) => status),
    dial: (request = {}) => {
      const events: LegEvent[] = [];
      const leg = driver.invite({ uri: 'sip:bob@192.0.2.9:5070', fromUser: '2000', sdp: SDP, ...request });
      leg.listen((event) => events.push(event));
      return { leg, events };
    },
  };
}

/** The last response among what was sent. */
export function lastResponse(sent: readonly Sent[]): SipResponse {
  const message = sent.at(-1)?.message;
  if (message?.kind !== 'response') throw new Error('no response');
  return message;
}

/** To header field of the peer's requests inside the dialog that a response of ours established. */
export function toOf(response: SipResponse): string {
  return `<sip:2000@192.0.2.1>;tag=${tagOf(response.headers.get('To'))}`;
}

/** Lets promises and microtasks settle. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** INVITE from the peer over UDP, answered 200 at once; not acknowledged. */
export function answeredCall(harness: Harness, parts: Partial<RequestText> = {}): { readonly to: string } {
  harness.send({ method: 'INVITE', body: SDP, ...parts });
  return { to: toOf(lastResponse(harness.udp.take())) };
}

/** A call that is up: INVITE, 200, ACK. */
export function establishedCall(harness: Harness, parts: Partial<RequestText> = {}): { readonly to: string } {
  const { to } = answeredCall(harness, parts);
  const { callId } = parts;
  harness.send({ method: 'ACK', to, ...(callId === undefined ? {} : { callId }) });
  return { to };
}
