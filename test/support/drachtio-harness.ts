import { expect } from 'vitest';
import { createSystemRandom } from '../../src/base/random.js';
import { createDrachtioDriver } from '../../src/signaling/drachtio/drachtio-driver.js';
import {
  type DrachtioDeps,
  type DrachtioLimits,
  type DrachtioOptions,
  drachtioDefaults,
} from '../../src/signaling/drachtio/drachtio-options.js';
import type { InboundLeg, InviteRequest, LegEvent, SignalingDriver, SipLeg } from '../../src/signaling/port.js';
import { FakeDrachtioServer } from '../fakes/drachtio-server/index.js';
import type { PeerDialog } from '../fakes/drachtio-server/peer-dialog.js';
import { WaitingList } from '../fakes/drachtio-server/waiting-list.js';
import { FakeClock } from './fake-clock.js';

export const OFFER =
  'v=0\r\no=peer 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
export const ANSWER = OFFER.replace('o=peer', 'o=we');
export const SDP = 'application/sdp';

export interface HarnessOptions extends Partial<Omit<DrachtioOptions, 'limits'>> {
  readonly limits?: Partial<DrachtioLimits>;
  readonly deps?: Partial<DrachtioDeps>;
  /** Handles INVITEs instead of the list. */
  readonly onInvite?: (leg: InboundLeg) => void;
}

/** A driver, the fake server it works with, and all that the connector would hear. Sockets are real, time is not. */
export class DrachtioHarness implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly states: string[] = [];
  readonly refused: { readonly invite: InviteRequest; readonly status: number }[] = [];
  readonly log: { readonly level: string; readonly fields: object; readonly message: string }[] = [];
  readonly server: FakeDrachtioServer;
  readonly driver: SignalingDriver;
  readonly #legs = new WaitingList<InboundLeg>();
  readonly #states = new WaitingList<string>();
  readonly #options: HarnessOptions;

  private constructor(server: FakeDrachtioServer, options: HarnessOptions) {
    this.server = server;
    this.#options = options;
    const note = (level: string) => (fields: object, message: string) => {
      this.log.push({ level, fields, message });
    };
    this.driver = createDrachtioDriver(
      {
        servers: options.servers ?? [{ host: '127.0.0.1', port: server.port, secret: server.secret }],
        listen: options.listen,
        allow: options.allow ?? ['127.0.0.0/8'],
        // Time in these tests leaps, and servers do not talk faster for it.
        limits: { ...drachtioDefaults.limits, silenceMs: 3_600_000, ...options.limits },
      },
      {
        clock: this.clock,
        random: createSystemRandom(),
        log: { debug: note('debug'), info: note('info'), warn: note('warn'), error: note('error') },
        ...options.deps,
      },
    );
  }

  /** Not started. */
  static async create(options: HarnessOptions = {}): Promise<DrachtioHarness> {
    return new DrachtioHarness(
      await FakeDrachtioServer.start(options.listen && { secret: options.listen.secret }),
      options,
    );
  }

  static async start(options: HarnessOptions = {}): Promise<DrachtioHarness> {
    const harness = await DrachtioHarness.create(options);
    await harness.startDriver();
    return harness;
  }

  async startDriver(): ReturnType<SignalingDriver['start']> {
    return this.driver.start({
      onInvite: (leg) => {
        if (this.#options.onInvite === undefined) this.#legs.add(leg);
        else this.#options.onInvite(leg);
      },
      onRefused: (invite, status) => this.refused.push({ invite, status }),
      onStateChange: (state) => {
        this.states.push(state);
        this.#states.add(state);
      },
    });
  }

  /** Waits until the server has been asked for INVITEs. */
  async routed(): Promise<void> {
    await until(() => this.server.applications.some(({ routes }) => routes.has('register')));
  }

  /** Port for the servers of outbound mode. */
  get listenPort(): number {
    return this.#options.listen?.port ?? 0;
  }

  async leg(): Promise<Heard<InboundLeg>> {
    return hear(await this.#legs.next(() => true, 'leg'));
  }

  async state(state: string): Promise<void> {
    await this.#states.next((one) => one === state, state);
  }

  /** A call of a peer with an offer, ringing nowhere yet. */
  async incoming(content: Parameters<FakeDrachtioServer['call']>[0] = { contentType: SDP, body: OFFER }): Promise<{
    readonly call: PeerDialog;
    readonly leg: Heard<InboundLeg>;
  }> {
    await this.routed();
    const call = this.server.call(content);
    return { call, leg: await this.leg() };
  }

  /** A call that is up, its ACK included. */
  async answered(): Promise<{ readonly call: PeerDialog; readonly leg: Heard<InboundLeg> }> {
    const { call, leg } = await this.incoming();
    leg.it.accept(ANSWER);
    await call.response(200);
    call.ack();
    await leg.event('acked');
    return { call, leg };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.driver[Symbol.asyncDispose]();
    // Nobody answers the INVITE of a call that rings at the end of a test.
    this.clock.advance(drachtioDefaults.limits.closeMs);
    await closed;
    await this.server[Symbol.asyncDispose]();
  }
}

/** A leg, and its events as they come. */
export interface Heard<T extends SipLeg> {
  readonly it: T;
  readonly events: readonly LegEvent[];
  event<K extends LegEvent['type']>(type: K): Promise<Extract<LegEvent, { type: K }>>;
}

export function hear<T extends SipLeg>(leg: T): Heard<T> {
  const events: LegEvent[] = [];
  const list = new WaitingList<LegEvent>();
  leg.listen((event) => {
    events.push(event);
    list.add(event);
  });
  return {
    it: leg,
    events,
    async event<K extends LegEvent['type']>(type: K) {
      return (await list.next((one) => one.type === type, type)) as Extract<LegEvent, { type: K }>;
    },
  };
}

/** Waits until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  await expect.poll(holds, { interval: 5 }).toBe(true);
}
