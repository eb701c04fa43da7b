import type { Clock } from '../base/clock.js';
import { createSystemRandom } from '../base/random.js';
import type { VoiceConnector } from '../connector.js';
import type { CallRecord } from '../ops/call-record.js';
import type { OutboundCallRequest } from '../ops/outbound-calls.js';
import { PhoneCall } from '../phone/phone-call.js';
import { createPhoneParts } from '../phone/phone-parts.js';
import type { CallWatch } from './call-watch.js';
import type { CalledPhone } from './called-phone.js';
import { Caller, type CallerLine, type PressedDigit, type SpokenLine } from './caller.js';

export interface CallPlan<Line extends string> {
  readonly uri: string;
  readonly lines: Readonly<Record<Line, CallerLine>>;
  readonly watch: CallWatch;
  readonly clock: Clock;
  tell(line: string): void;
  /** Hangs up. */
  readonly signal: AbortSignal | undefined;
  play(caller: Caller<Line>): Promise<void>;
}

/** What came of the call, on the caller's side. */
export interface PlayedCall {
  readonly spoken: readonly SpokenLine[];
  readonly pressed: readonly PressedDigit[];
  /** {@link Clock.now} when the phone had the answer, and sent its ACK. */
  readonly ackedMs: number;
}

/** The connector answered with a SIP status of 300 or above; its record says why. */
export class CallRefused extends Error {
  override readonly name = 'CallRefused';
}

export interface CalledPlan<Line extends string> extends Omit<CallPlan<Line>, 'uri'> {
  readonly phone: CalledPhone;
  readonly request: OutboundCallRequest;
  readonly connector: Pick<VoiceConnector, 'dial' | 'hangUp'>;
  /** Settled when the call is over, answered or not. */
  readonly over: Promise<unknown>;
}

/**
 * One call of the connector's to a scripted phone, over when this resolves. Throws the reason of `signal`,
 * {@link CallRefused}, and an `Error` where no call was made.
 */
export async function receiveCall<Line extends string>(plan: CalledPlan<Line>): Promise<PlayedCall> {
  const { phone, request, connector, over, lines, watch, clock, tell, signal, play } = plan;
  const outcome = await connector.dial(request);
  if (!outcome.ok) throw new Error(`the call was not made: ${outcome.message}`);
  // While it rings, too, when there is no call yet that the phone could end.
  const hangUp = (): void => void connector.hangUp(outcome.id);
  signal?.addEventListener('abort', hangUp, { once: true });
  if (signal?.aborted) hangUp();
  const call = await phone.answered(over);
  signal?.throwIfAborted();
  if (call === undefined) throw new CallRefused('the call was not answered');
  const caller = new Caller({ call, lines, watch, clock, tell, name: 'salon' });
  await play(caller);
  await call.ended;
  return { spoken: caller.spoken, pressed: caller.pressed, ackedMs: phone.ackedMs };
}

/** One call of a scripted phone, over when this resolves. Throws the reason of `signal`, and {@link CallRefused}. */
export async function placeCall<Line extends string>(plan: CallPlan<Line>): Promise<PlayedCall> {
  const { uri, lines, watch, clock, tell, signal, play } = plan;
  const random = createSystemRandom();
  await using parts = await createPhoneParts({ bind: '127.0.0.1', protocol: 'udp' }, { clock, random });
  let ackedMs = clock.now();
  const call = new PhoneCall(
    {
      uri,
      fromUser: 'demo',
      codecs: ['pcmu'],
      onEvent: (event) => {
        if (event.type === 'answered') ackedMs = event.atMs;
      },
    },
    { ...parts, clock, random },
  );
  const hangUp = (): void => call.hangUp();
  signal?.addEventListener('abort', hangUp, { once: true });
  signal?.throwIfAborted();
  await call.dial();
  const answered = await call.answered;
  signal?.throwIfAborted();
  if (!answered) throw new CallRefused(`the call was not answered: ${(await call.ended).status}`);
  const caller = new Caller({ call, lines, watch, clock, tell });
  await play(caller);
  await call.ended;
  return { spoken: caller.spoken, pressed: caller.pressed, ackedMs };
}

/** A refusal in words that help: what the flavor said, and what there is to do. */
export function whyRefused(
  { message }: CallRefused,
  { error }: Pick<CallRecord, 'error'>,
  remedy: string | undefined,
): Error {
  const reason = error === null ? '' : `: ${error.message} (${error.code})`;
  return new Error(`${message}${reason}${remedy === undefined ? '' : `\n${remedy}`}`);
}
