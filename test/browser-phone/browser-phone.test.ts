import { afterEach, expect, test, vi } from 'vitest';
import { eventLoopTurns } from '../support/event-loop-turns.js';

/** As far as the page's phone is used here; its own types need those of a browser. */
interface Phone {
  connect(): Promise<void>;
  call(number: string, listener: object): Promise<void>;
  close(): Promise<void>;
}

/** A WebSocket that opens, and says nothing more. */
class SilentSocket {
  readyState = 0;
  readonly #listeners = new Map<string, (event: object) => void>();

  constructor() {
    queueMicrotask(() => this.#become(1, 'open', {}));
  }

  addEventListener(type: string, listener: (event: object) => void): void {
    this.#listeners.set(type, listener);
  }

  removeEventListener(): void {}

  send(): void {}

  close(): void {
    queueMicrotask(() => this.#become(3, 'close', { code: 1000, reason: '' }));
  }

  #become(state: number, type: string, event: object): void {
    this.readyState = state;
    this.#listeners.get(type)?.(event);
  }
}

class Media {
  addEventListener(): void {}
  getTracks = () => [];
  getSenders = () => [];
  getReceivers = () => [];
  close(): void {}
}

async function openPhone(getUserMedia: () => Promise<unknown>): Promise<Phone> {
  vi.stubGlobal('window', globalThis);
  vi.stubGlobal('WebSocket', SilentSocket);
  vi.stubGlobal('MediaStream', Media);
  vi.stubGlobal('RTCPeerConnection', Media);
  vi.stubGlobal('navigator', { mediaDevices: { getUserMedia } });
  // SIP.js writes its warnings there.
  for (const level of ['warn', 'error'] as const) vi.spyOn(console, level).mockImplementation(() => {});
  const page = new URL('../../src/browser-phone/page/browser-phone.ts', import.meta.url).href;
  const { BrowserPhone } = await import(page);
  const phone: Phone = new BrowserPhone('ws://127.0.0.1:8088', () => {});
  await phone.connect();
  return phone;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

test('a caller whose browser has no microphone for the page is told so, and not that the call is over', async () => {
  const denied = Object.assign(new Error('Permission denied'), { name: 'NotAllowedError' });
  const phone = await openPhone(() => Promise.reject(denied));
  const ended: string[] = [];
  await expect(phone.call('2000', { onEnded: (reason: string) => ended.push(reason) })).rejects.toBe(denied);
  await phone.close();
  await eventLoopTurns(3);
  expect(ended).toEqual([]);
});

test('a call that is left before there is a microphone ends once', async () => {
  const phone = await openPhone(() => new Promise(() => {}));
  const ended: string[] = [];
  void phone.call('2000', { onEnded: (reason: string) => ended.push(reason) });
  await phone.close();
  await expect.poll(() => ended).toEqual(['']);
});
