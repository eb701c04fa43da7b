import type { TlsMaterial } from '../../../base/tls-material.js';
import type { CapturedMessage } from '../../hep/hep-packet.js';
import { messageLimits } from '../../message/limits.js';
import type { ListeningAddress, SipProtocol } from '../../port.js';
import type { SipFlow, SipRemote, SipTransport, SipTransportHandlers } from './sip-transport.js';

/** Takes a copy of each message, without its time. Must not throw. */
export type Capture = (captured: Omit<CapturedMessage, 'wallTimeMs'>) => void;

/** A transport of which each message that comes or leaves is captured, before anything else is done with it. */
export class CapturedTransport implements SipTransport {
  readonly protocol: SipProtocol;
  readonly #transport: SipTransport;
  readonly #capture: Capture;
  /** One flow, one object, as the transport has it. */
  readonly #flows = new WeakMap<SipFlow, SipFlow>();

  constructor(transport: SipTransport, capture: Capture) {
    this.protocol = transport.protocol;
    this.#transport = transport;
    this.#capture = capture;
  }

  start(handlers: SipTransportHandlers): Promise<ListeningAddress> {
    return this.#transport.start({
      ...handlers,
      onMessage: (flow, message) => {
        const { remote, local, reliable } = flow;
        this.#capture({ source: remote, destination: local, transport: reliable ? 'tcp' : 'udp', message });
        handlers.onMessage(this.#captured(flow), message);
      },
    });
  }

  flowTo(remote: SipRemote): SipFlow {
    return this.#captured(this.#transport.flowTo(remote));
  }

  setTls(material: TlsMaterial): void {
    this.#transport.setTls?.(material);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }

  #captured(flow: SipFlow): SipFlow {
    let captured = this.#flows.get(flow);
    if (captured === undefined) {
      captured = new CapturedFlow(flow, this.#capture);
      this.#flows.set(flow, captured);
    }
    return captured;
  }
}

class CapturedFlow implements SipFlow {
  readonly protocol: SipProtocol;
  readonly reliable: boolean;
  readonly #flow: SipFlow;
  readonly #capture: Capture;

  constructor(flow: SipFlow, capture: Capture) {
    this.protocol = flow.protocol;
    this.reliable = flow.reliable;
    this.#flow = flow;
    this.#capture = capture;
  }

  get remote(): SipFlow['remote'] {
    return this.#flow.remote;
  }

  get local(): SipFlow['local'] {
    return this.#flow.local;
  }

  get closed(): boolean {
    return this.#flow.closed;
  }

  send(message: Uint8Array): void {
    const { remote, local, reliable } = this.#flow;
    if (message.length >= messageLimits.leastBytes) {
      this.#capture({ source: local, destination: remote, transport: reliable ? 'tcp' : 'udp', message });
    }
    this.#flow.send(message);
  }

  onError(listener: (error: Error) => void): () => void {
    return this.#flow.onError(listener);
  }
}
