import { expect, test } from 'vitest';
import { DtlsServer } from '../../../src/media/dtls/dtls-server.js';
import type { SrtpParameters } from '../../../src/media/engine.js';
import { RenewableExchange } from '../../../src/media/peer/renewable-exchange.js';
import { DtlsClient, type DtlsClientOptions, p256Credentials } from '../../support/dtls-client.js';
import { testCredentials, testIdentity } from '../../support/dtls-pair.js';

/** The handshakes of one peer, and what its clients send; `toClient` is what comes back. */
const setUpExchange = () => {
  const credentials = testCredentials();
  const keys: SrtpParameters[] = [];
  const events: string[] = [];
  let toClient: Buffer[] = [];
  let begun = 0;
  const exchange = new RenewableExchange(
    (fingerprints, deps) => {
      begun += 1;
      return new DtlsServer({ identity: testIdentity(), fingerprints, suites: ['AES_CM_128_HMAC_SHA1_80'] }, deps);
    },
    [credentials.fingerprint],
    {
      send: (datagram) => toClient.push(Buffer.from(datagram)),
      listener: {
        onEstablished: (made) => keys.push(made),
        onFailed: (message) => events.push(message),
        onClosed: () => events.push('closed'),
      },
    },
  );
  let nowMs = 0;
  const take = (): Buffer[] => {
    const taken = toClient;
    toClient = [];
    return taken;
  };
  const newClient = (options: Partial<DtlsClientOptions> = {}) => {
    const toServer: Buffer[] = [];
    const client = new DtlsClient({ credentials, ...options }, (datagram) => toServer.push(Buffer.from(datagram)));
    /** One datagram after the other, until nobody says any more. */
    const deliver = (): void => {
      while (toServer.length > 0) {
        for (const datagram of toServer.splice(0)) exchange.receive(Buffer.from(datagram), nowMs);
        for (const datagram of take()) client.receive(datagram);
      }
    };
    const shakeHands = (): DtlsClient => {
      client.start();
      deliver();
      return client;
    };
    return { client, toServer, deliver, shakeHands };
  };
  /** In steps of 20 ms, with a tick at each. */
  const pass = (ms: number): void => {
    for (const endMs = nowMs + ms; nowMs < endMs; ) {
      nowMs += 20;
      exchange.tick(nowMs);
    }
  };
  const receive = (datagrams: readonly Uint8Array[]): void => {
    for (const datagram of datagrams) exchange.receive(Buffer.from(datagram), nowMs);
  };
  return { exchange, keys, events, newClient, pass, receive, take, begun: () => begun };
};

/** As the client of a handshake lays them out (RFC 5764 section 4.2): client key and salt. */
const keyOf = (client: DtlsClient): Buffer => {
  const material = Buffer.from(client.keyingMaterial(60));
  return Buffer.concat([material.subarray(0, 16), material.subarray(32, 46)]);
};

test('a peer that begins anew with its certificate gets new keys, as often as it likes', () => {
  const { keys, events, newClient, pass, begun } = setUpExchange();
  for (let time = 0; time < 4; time += 1) {
    const client = newClient().shakeHands();
    expect(client.established).toBe(true);
    expect(Buffer.from(keys[time]?.remoteKey ?? [])).toEqual(keyOf(client));
    pass(1_000);
  }
  expect(new Set(keys.map(({ localKey }) => Buffer.from(localKey).toString('hex'))).size).toBe(4);
  expect([events, begun()]).toEqual([[], 4]);
});

test('another certificate changes nothing, and the peer can still begin anew', () => {
  const { keys, events, newClient, pass } = setUpExchange();
  newClient().shakeHands();
  pass(1_000);
  const thief = newClient({ credentials: p256Credentials() }).shakeHands();
  expect([thief.established, keys.length, events]).toEqual([false, 1, []]);
  expect(thief.alerts).toHaveLength(1);
  pass(1_000);
  expect(newClient().shakeHands().established).toBe(true);
  expect(keys).toHaveLength(2);
});

test('a forged hello is answered once for each time that it comes; what was agreed on holds', () => {
  const { keys, events, newClient, pass, take, receive, exchange, begun } = setUpExchange();
  const peer = newClient();
  peer.shakeHands();
  pass(1_000);
  const forged = newClient();
  forged.client.start();
  receive(forged.toServer);
  expect(take()).toHaveLength(1);
  pass(1_500);
  receive(forged.toServer);
  pass(20_000);
  expect(take()).toHaveLength(1);
  expect([keys.length, events, begun()]).toEqual([1, [], 2]);
  exchange.close();
  for (const datagram of take()) peer.client.receive(datagram);
  expect(peer.client.alerts).toEqual([[1, 0]]);
});

test("the peer's hello takes the place of a forged one, but of hellos in a row one in 200 ms counts", () => {
  const { keys, newClient, pass, receive, take, begun } = setUpExchange();
  newClient().shakeHands();
  pass(1_000);
  for (let time = 0; time < 10; time += 1) {
    const forged = newClient();
    forged.client.start();
    receive(forged.toServer);
    pass(20);
  }
  expect(begun()).toBe(2);
  pass(20);
  take();
  const peer = newClient().shakeHands();
  expect([peer.established, keys.length]).toEqual([true, 2]);
});

test('late copies of what is over begin nothing', () => {
  const { keys, newClient, pass, receive, take, begun } = setUpExchange();
  const hellos: Buffer[] = [];
  for (let time = 0; time < 2; time += 1) {
    const { client, toServer, deliver } = newClient();
    client.start();
    hellos.push(...toServer);
    deliver();
    receive(hellos.slice(-1));
    pass(1_000);
    receive(hellos.slice(-1));
  }
  take();
  expect([keys.length, begun()]).toEqual([2, 2]);
});

test('lost flights are sent again when the peer repeats its own', () => {
  const { keys, newClient, pass, take, receive } = setUpExchange();
  newClient().shakeHands();
  pass(1_000);
  const { client, toServer } = newClient();
  client.start();
  receive(toServer.splice(0));
  take();
  pass(1_000);
  client.repeat();
  receive(toServer.splice(0));
  for (const datagram of take()) client.receive(datagram);
  receive(toServer.splice(0));
  take();
  expect([client.established, keys.length]).toEqual([false, 2]);
  pass(200);
  client.repeat();
  receive(toServer.splice(0));
  for (const datagram of take()) client.receive(datagram);
  expect(client.established).toBe(true);
});

test('a renewal that the peer leaves lying, as in a hold of minutes, is ended when it goes on', () => {
  const { keys, events, newClient, pass, take, receive } = setUpExchange();
  newClient().shakeHands();
  pass(1_000);
  const { client, toServer, deliver } = newClient();
  client.start();
  receive(toServer.splice(0));
  const [flight = Buffer.alloc(0)] = take();
  client.receive(flight);
  // Its answer is lost.
  toServer.splice(0);
  pass(300_000);
  expect(take()).toEqual([]);
  client.repeat();
  deliver();
  expect([client.established, keys.length, events]).toEqual([true, 2, []]);
});

test('after a renewal the association before is nobody, and the new one ends as it did', () => {
  const { exchange, newClient, pass, receive, take, events } = setUpExchange();
  const first = newClient();
  first.shakeHands();
  pass(1_000);
  const second = newClient();
  second.shakeHands();
  first.client.sendRecord(1, 21, Uint8Array.of(2, 80));
  receive(first.toServer.splice(0));
  expect(events).toEqual([]);
  exchange.close();
  for (const datagram of take()) second.client.receive(datagram);
  expect(second.client.alerts).toEqual([[1, 0]]);
  const other = setUpExchange();
  other.newClient().shakeHands();
  other.pass(1_000);
  const last = other.newClient();
  last.shakeHands();
  last.client.sendRecord(1, 21, Uint8Array.of(1, 0));
  last.deliver();
  expect(other.events).toEqual(['closed']);
});
