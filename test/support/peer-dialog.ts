import type { SipRequest } from '../../src/signaling/message/sip-message.js';
import type { LegEvent, OutboundRequest, SipLeg, SipProtocol } from '../../src/signaling/port.js';
import { createHarness, type Harness, type HarnessOptions, lastResponse, PEER } from './embedded-harness.js';
import type { FakeSipTransport } from './fake-sip-transport.js';
import { newBranch, type RequestText, type ResponseText, requestText, responseText, SDP, tagOf } from './sip-text.js';

/** Contact of the far end. */
export const PEER_CONTACT = 'Contact: <sip:peer@192.0.2.9:5075>';

export interface PeerDialogOptions extends HarnessOptions {
  /** Who called: the peer us (`inbound`), or we the peer. */
  readonly direction?: 'inbound' | 'outbound';
  readonly protocol?: 'udp' | 'tcp';
  /** Header lines of the INVITE, or of the 200 to ours. */
  readonly extra?: readonly string[];
  /** To of the peer's INVITE. */
  readonly to?: string;
  /** More of our INVITE. */
  readonly request?: Partial<OutboundRequest>;
}

/** The far end of a call that is up, in a test's hand. Nothing it was sent before is in {@link take}. */
export class PeerDialog {
  readonly h: Harness;
  readonly leg: SipLeg;
  /** What the leg told since the call was up. */
  readonly events: LegEvent[] = [];
  readonly #transport: FakeSipTransport;
  readonly #dialog: { readonly from: string; readonly to: string; readonly callId: string };
  #cseq = 100;

  private constructor(
    h: Harness,
    leg: SipLeg,
    transport: FakeSipTransport,
    dialog: { readonly from: string; readonly to: string; readonly callId: string },
  ) {
    this.h = h;
    this.leg = leg;
    this.#transport = transport;
    this.#dialog = dialog;
    leg.listen((event) => this.events.push(event));
  }

  static async establish(options: PeerDialogOptions = {}): Promise<PeerDialog> {
    const { direction = 'inbound', protocol = 'udp', extra = [] } = options;
    const h = await createHarness(options);
    const transport = h[protocol];
    if (direction === 'inbound') {
      const dialog = { callId: 'call-1@192.0.2.9', from: '"Alice" <sip:alice@192.0.2.9>;tag=alice' };
      const via = viaOf(protocol);
      const { to: called = '<sip:2000@192.0.2.1>' } = options;
      const invite = { ...dialog, to: called, via, method: 'INVITE', contact: PEER_CONTACT.slice(9), body: SDP, extra };
      transport.receive(PEER, requestText(invite));
      const to = `${called};tag=${tagOf(lastResponse(transport.take()).headers.get('To'))}`;
      const call = new PeerDialog(h, h.leg(), transport, { ...dialog, to });
      call.request('ACK', { cseq: 1 });
      call.events.splice(0);
      return call;
    }
    const uri = `sip:peer@192.0.2.9:5070${protocol === 'tcp' ? ';transport=tcp' : ''}`;
    const { leg } = h.dial({ uri, ...options.request });
    const [invite] = transport.takeRequests();
    if (invite === undefined) throw new Error('no INVITE');
    const answer = { status: 200, toTag: 'peer', extra: [PEER_CONTACT, ...extra], body: SDP };
    transport.receive(PEER, responseText(invite, answer));
    const from = `${invite.headers.get('To')};tag=peer`;
    const dialog = { callId: leg.callId, from, to: invite.headers.get('From') ?? '' };
    const call = new PeerDialog(h, leg, transport, dialog);
    call.events.splice(0);
    transport.take();
    return call;
  }

  /** Takes what we sent: requests by method, responses by status. */
  seen(): readonly (string | number)[] {
    return this.#transport.take().map(({ message }) => (message.kind === 'request' ? message.method : message.status));
  }

  /** Takes the one request we sent, which must be the only message. */
  takeRequest(): SipRequest {
    const [request, ...others] = this.#transport.takeRequests();
    if (request === undefined || others.length > 0) throw new Error(`${others.length + (request ? 1 : 0)} requests`);
    return request;
  }

  take(): ReturnType<FakeSipTransport['take']> {
    return this.#transport.take();
  }

  /** Answers a request of ours. */
  respond(request: SipRequest, status: number, parts: Partial<ResponseText> = {}): void {
    this.#transport.receive(PEER, responseText(request, { status, ...parts }));
  }

  /** Sends a request in the dialog. */
  request(method: string, parts: Partial<RequestText> = {}): void {
    this.#cseq += 1;
    const via = viaOf(this.#transport.protocol);
    this.#transport.receive(PEER, requestText({ ...this.#dialog, via, cseq: this.#cseq, method, ...parts }));
  }

  /** A NOTIFY of a transfer. `id` goes with Event, `state` is Subscription-State, `body` the whole sipfrag. */
  notify(parts: { id?: string | undefined; state?: string; body?: string; type?: string } = {}): void {
    const { id, state = 'active;expires=60', body = '', type = 'message/sipfrag;version=2.0' } = parts;
    const extra = [`Event: refer${id === undefined ? '' : `;id=${id}`}`, `Subscription-State: ${state}`];
    this.request('NOTIFY', { extra, body, type });
  }
}

function viaOf(protocol: SipProtocol): string {
  return `${protocol.toUpperCase()} 192.0.2.9:5070;branch=${newBranch()};rport`;
}
