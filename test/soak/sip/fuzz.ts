import { SeededRandom } from '../../support/seeded-random.js';
import { mutatedMessage, overflow, overflowCount } from '../../support/sip-mutations.js';
import { newBranch, requestText } from '../../support/sip-text.js';
import { TcpPeer, UdpPeer } from '../../support/socket-peer.js';
import { ConnectorHost } from '../lib/connector-host.js';
import { type Finding, type Measure, ms, scaled } from '../lib/report.js';

const MUTATIONS = 100_000;
const SEED = 20_261_128;
/** After so many messages: is it alive? */
const EVERY = 20;
/** How long a call may stay after all that, ms: 64*T1 for the ACK that never comes, and what follows. */
const AFTERMATH_MS = 45_000;

const pause = (delayMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, delayMs));

/** Sends hostile messages over UDP and TCP, with a sign of life asked for by an OPTIONS after every few. */
class Attack {
  readonly #connector: ConnectorHost;
  sent = 0;
  connections = 0;
  worstMs = 0;

  constructor(connector: ConnectorHost) {
    this.#connector = connector;
  }

  async run(messages: Iterable<Buffer>): Promise<void> {
    const udp = await new UdpPeer(this.#address('udp')).open();
    const watch = await new UdpPeer(this.#address('udp')).open();
    let tcp = await this.#connect();
    let count = 0;
    for (const message of messages) {
      count += 1;
      // A message whose end cannot be told takes the connection with it.
      if (count % 4 === 0) {
        if (tcp.closed) tcp = await this.#connect();
        tcp.send(message);
      } else udp.send(message);
      if (count % EVERY !== 0) continue;
      await this.#signOfLife(watch);
      for (const peer of [udp, tcp]) {
        peer.received.length = 0;
        peer.startLines.length = 0;
      }
      // What waits for more bytes on a connection would make the next message part of its own.
      if (count % (EVERY * 5) === 0) {
        tcp.close();
        tcp = await this.#connect();
      }
    }
    this.sent += count;
    udp.close();
    watch.close();
    tcp.close();
  }

  async #connect(): Promise<TcpPeer> {
    this.connections += 1;
    return await new TcpPeer(this.#address('tcp')).open();
  }

  async #signOfLife(peer: UdpPeer): Promise<void> {
    const callId = newBranch();
    const startMs = performance.now();
    const via = `UDP 127.0.0.1:${peer.port};branch=${newBranch()};rport`;
    peer.send(requestText({ method: 'OPTIONS', callId, via }));
    await peer.next(({ headers }) => headers.get('Call-ID') === callId);
    this.worstMs = Math.max(this.worstMs, performance.now() - startMs);
    peer.received.length = 0;
    peer.startLines.length = 0;
  }

  #address(protocol: 'udp' | 'tcp'): { readonly address: string; readonly port: number } {
    const found = this.#connector.sip.find((listening) => listening.protocol === protocol);
    if (!found) throw new Error(`no ${protocol}`);
    return found;
  }
}

function* mutations(count: number): Iterable<Buffer> {
  const random = new SeededRandom(SEED);
  for (let index = 0; index < count; index += 1) yield mutatedMessage(random);
}

function* overflows(count: number): Iterable<Buffer> {
  const step = Math.max(1, Math.floor(overflowCount / count));
  for (let index = 0; index < overflowCount; index += step) yield overflow(index);
}

/** 100,000 mutations of the torture messages and our own, and every field with every overflow, over UDP and TCP. */
export const measureFuzz: Measure = async (tell, scale) => {
  await using connector = await ConnectorHost.start({
    quiet: true,
    config: {
      signaling: {
        driver: 'embedded',
        embedded: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], allow: ['127.0.0.0/8'] },
      },
      limits: { calls: 100, callsPerSecond: 10_000, perSourcePerSecond: 10_000 },
      flavors: { echo: { use: 'echo', mode: 'immediate' } },
      routes: [{ match: { any: true }, flavor: 'echo' }],
    },
  });
  const attack = new Attack(connector);
  await connector.stalls();
  tell(`${scaled(MUTATIONS, scale)} mutations, seed ${SEED}`);
  await attack.run(mutations(scaled(MUTATIONS, scale)));
  tell(`${scaled(overflowCount, scale)} overflows`);
  await attack.run(overflows(scaled(overflowCount, scale)));
  const stalls = await connector.stalls();
  await pause(AFTERMATH_MS);
  const { calls, descriptors, rssBytes } = await connector.resources();
  const troubles = await connector.troubles();
  const thrown = [...troubles.uncaughtExceptions, ...troubles.unhandledRejections];
  const findings: readonly Finding[] = [
    {
      goal: '0 crashes, nothing thrown',
      measured: thrown.length === 0 ? 'none' : `${thrown.length}: ${thrown[0]}`,
      ok: thrown.length === 0,
    },
    {
      goal: 'no stall over 250 ms',
      measured: `${ms(stalls.longestBusyMs)} ms at work, ${ms(stalls.longestMs)} ms by the clock`,
      ok: stalls.longestBusyMs < 250,
    },
    { goal: 'alive after every 20 messages', measured: `OPTIONS in ${ms(attack.worstMs)} ms at most`, ok: true },
    { goal: 'no call left after 45 s', measured: `${calls}`, ok: calls === 0 },
  ];
  const lines = [
    `${attack.sent} messages, a quarter of them over ${attack.connections} TCP connections`,
    `afterwards ${descriptors} descriptors, ${(rssBytes / 2 ** 20).toFixed(0)} MB RSS`,
  ];
  return { title: 'Fuzz', lines, findings };
};
