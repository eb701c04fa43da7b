import type { Clock } from '../base/clock.js';
import { createSystemRandom } from '../base/random.js';
import { PhoneCall } from '../phone/phone-call.js';
import { createPhoneParts, type PhoneParts } from '../phone/phone-parts.js';
import type { InboundLeg } from '../signaling/port.js';
import { pause } from './call-watch.js';

/** How long it rings, ms. */
const RING_MS = 1_000;
/** Longest wait for a call, ms. */
const CALL_MS = 10_000;

/** A phone on loopback that is called, once. */
export interface CalledPhone extends AsyncDisposable {
  /** Of its SIP address, on 127.0.0.1. */
  readonly port: number;
  /** Resolves with the first key that the other side presses. */
  readonly pressed: Promise<string>;
  /** The call, once it was answered; `undefined` if none came, or it ended before. */
  answered(over: Promise<unknown>): Promise<PhoneCall | undefined>;
  /** {@link Clock.now} when the answer was acknowledged. */
  readonly ackedMs: number;
}

/** Starts it, on a port of the kernel's choice. */
export async function startCalledPhone(clock: Clock, ringMs = RING_MS): Promise<CalledPhone> {
  const random = createSystemRandom();
  let ackedMs = clock.now();
  let call: PhoneCall | undefined;
  let onCall = (): void => {};
  const called = new Promise<void>((resolve) => {
    onCall = resolve;
  });
  let onDigit = (_digit: string): void => {};
  const pressed = new Promise<string>((resolve) => {
    onDigit = resolve;
  });
  let parts: PhoneParts | undefined;
  const take = (leg: InboundLeg): void => {
    if (parts === undefined || call !== undefined) {
      leg.reject(486);
      return;
    }
    call = new PhoneCall(
      {
        fromUser: 'salon',
        codecs: ['pcmu'],
        onEvent: () => {},
        onDigit: (digit) => onDigit(digit),
      },
      { ...parts, clock, random },
    );
    call.take(leg, ringMs).catch(() => leg.hangUp({ status: 500 }));
    onCall();
  };
  const made = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp', onCall: take }, { clock, random });
  parts = made;
  return {
    port: made.port,
    pressed,
    get ackedMs() {
      return ackedMs;
    },
    async answered(over) {
      await pause(CALL_MS, clock, Promise.race([called, over]));
      if (call === undefined || !(await call.answered)) return undefined;
      ackedMs = clock.now();
      return call;
    },
    [Symbol.asyncDispose]: () => made[Symbol.asyncDispose](),
  };
}
