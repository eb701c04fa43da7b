import type { DtlsParameters, IceParameters, SrtpParameters, StreamParameters } from '../../src/media/engine.js';
import type { AdmitsAddress } from '../../src/media/peer/latch.js';
import type { RemoteAddress } from '../../src/media/sockets/remote-address.js';
import { SrtpInbound } from '../../src/media/srtp/srtp-inbound.js';
import { SrtpOutbound } from '../../src/media/srtp/srtp-outbound.js';
import { FakeKeyExchange } from './fake-key-exchange.js';
import { rtpBytes } from './rtp-bytes.js';
import { CALLER, LOUD, parametersOf, setUpStream } from './stream-bench.js';
import { CONTROLLING, PRIORITY, stunCheck, USE_CANDIDATE } from './stun-client.js';

export const SUITE = 'AES_CM_128_HMAC_SHA1_80';
export const keysOf = (local = 1, remote = 2): SrtpParameters => ({
  suite: SUITE,
  localKey: Buffer.alloc(30, local),
  remoteKey: Buffer.alloc(30, remote),
  remoteLifetimePackets: 2 ** 48,
});
export const STRANGER = { address: '198.51.100.66', port: 4_000 };
export const ELSEWHERE = { address: '203.0.113.9', port: 5_000 };
export const ICE: IceParameters = { localFragment: 'ours', localPassword: 'a'.repeat(32), remoteFragment: 'theirs' };
export const fingerprint = (byte: number) => ({ hash: 'sha-256', value: Buffer.alloc(32, byte) }) as const;
export const dtlsOf = (changes: Partial<DtlsParameters> = {}): DtlsParameters => ({
  fingerprints: [fingerprint(1)],
  ice: ICE,
  ...changes,
});
export const HELLO = Buffer.from('16feff0001', 'hex');

/** A browser's connection with a stream: it checks, agrees on keys, and talks. @param key each byte of its own */
export const setUpBrowser = (admits?: AdmitsAddress, key = 2) => {
  const exchanges: FakeKeyExchange[] = [];
  const bench = setUpStream({}, undefined, admits, (fingerprints, deps) => {
    const exchange = new FakeKeyExchange(fingerprints, deps);
    exchanges.push(exchange);
    return exchange;
  });
  const { clock, stream, datagrams } = bench;
  const receive = (bytes: Uint8Array, from: RemoteAddress = CALLER): void =>
    stream.receiveRtp(Buffer.from(bytes), from, clock.now());
  const checkOf = (nominates = true, ice = ICE): Buffer =>
    stunCheck({
      username: `${ice.localFragment}:${ice.remoteFragment}`,
      password: ice.localPassword,
      attributes: [PRIORITY, CONTROLLING, ...(nominates ? [USE_CANDIDATE] : [])],
    });
  const check = (nominates = true, from: RemoteAddress = CALLER, ice = ICE): void =>
    receive(checkOf(nominates, ice), from);
  const connect = (changes: Partial<StreamParameters> = {}) =>
    stream.connect(
      parametersOf({ rtcp: { mux: true, remote: undefined }, dtls: dtlsOf(), remote: undefined, ...changes }),
    );
  const sealing = new SrtpOutbound({ suite: SUITE, key: Buffer.alloc(30, key) });
  const opening = new SrtpInbound({ suite: SUITE, key: Buffer.alloc(30, 1), lifetimePackets: 2 ** 48 });
  let sequence = 10;
  const plain = (): Buffer => {
    sequence += 1;
    return rtpBytes({ sequence, timestamp: sequence * 160, ssrc: 5, payload: new Uint8Array(160).fill(LOUD) });
  };
  const sealed = (): Uint8Array => sealing.protectRtp(plain()) ?? new Uint8Array();
  const say = (count: number, from: RemoteAddress = CALLER): void => {
    for (let index = 0; index < count; index += 1) {
      receive(sealed(), from);
      clock.advance(20);
    }
  };
  /** From the connect to the keys. */
  const establish = (): void => {
    connect();
    clock.advance(20);
    check();
    receive(HELLO);
    exchanges[0]?.establish(keysOf());
  };
  const play = (marker = LOUD): void => stream.play('greeting', new Uint8Array(800).fill(marker));
  const sentTo = (): ReadonlySet<string> =>
    new Set([...bench.packets, ...datagrams.map(({ to }) => to)].map(({ address, port }) => `${address}:${port}`));
  return {
    ...bench,
    exchanges,
    receive,
    check,
    checkOf,
    connect,
    plain,
    sealed,
    say,
    opening,
    establish,
    play,
    sentTo,
  };
};

/** A ClientHello as far as what comes is told apart by it: whose random is of this byte. */
export const helloOf = (byte: number): Buffer =>
  Buffer.concat([
    Buffer.from('16feff0000000000000000002e', 'hex'),
    Buffer.from('010000220000000000000022', 'hex'),
    Buffer.from('fefd', 'hex'),
    Buffer.alloc(32, byte),
  ]);
