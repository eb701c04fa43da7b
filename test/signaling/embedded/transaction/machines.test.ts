import { describe, expect, test } from 'vitest';
import { startInviteClient, stepInviteClient } from '../../../../src/signaling/embedded/transaction/invite-client.js';
import { startInviteServer, stepInviteServer } from '../../../../src/signaling/embedded/transaction/invite-server.js';
import {
  startNonInviteClient,
  stepNonInviteClient,
} from '../../../../src/signaling/embedded/transaction/non-invite-client.js';
import {
  startNonInviteServer,
  stepNonInviteServer,
} from '../../../../src/signaling/embedded/transaction/non-invite-server.js';
import {
  responseClass,
  type Step,
  type TransactionEffect,
} from '../../../../src/signaling/embedded/transaction/step.js';
import {
  type TimerName,
  timerDefaults,
  timerValues,
} from '../../../../src/signaling/embedded/transaction/timer-values.js';

const datagram = timerValues(timerDefaults, false);
const stream = timerValues(timerDefaults, true);

/** An effect in a word: `send`, `start B 32000`, `fail timeout`. */
function words(effects: readonly TransactionEffect[]): readonly string[] {
  return effects.map((effect) => {
    if (effect.type === 'start') return `start ${effect.timer} ${effect.delayMs}`;
    if (effect.type === 'stop') return `stop ${effect.timer}`;
    return effect.type === 'fail' ? `fail ${effect.reason}` : effect.type;
  });
}

/** Runs events through a machine and notes after each the state's name and the effects. */
function trace<State extends { readonly name: string }, Event>(
  first: Step<State>,
  events: readonly Event[],
  step: (state: State, event: Event) => Step<State>,
): readonly string[] {
  const lines = [`${first.state.name}: ${words(first.effects).join(', ')}`];
  let { state } = first;
  for (const event of events) {
    const next = step(state, event);
    ({ state } = next);
    lines.push(`${state.name}: ${words(next.effects).join(', ')}`);
  }
  return lines;
}

const timer = (name: TimerName) => ({ type: 'timer', timer: name }) as const;
const response = (status: number) => ({ type: 'response', class: responseClass(status) }) as const;
const respond = (status: number) => ({ type: 'respond', class: responseClass(status) }) as const;
const transportError = { type: 'transport-error' } as const;
const ack = { type: 'ack' } as const;
const retransmission = { type: 'retransmission' } as const;

test('timer values are those of RFC 3261 table 4 and RFC 6026', () => {
  expect(datagram).toEqual({
    retransmits: true,
    t1Ms: 500,
    t2Ms: 4000,
    bMs: 32_000,
    dMs: 32_000,
    fMs: 32_000,
    hMs: 32_000,
    iMs: 5000,
    jMs: 32_000,
    kMs: 5000,
    lMs: 32_000,
    mMs: 32_000,
  });
  expect(stream).toEqual({ ...datagram, retransmits: false, dMs: 0, iMs: 0, jMs: 0, kMs: 0 });
  // D never falls below 32 s, however quick the network is said to be.
  expect(timerValues({ t1Ms: 100, t2Ms: 1000, t4Ms: 1000 }, false)).toMatchObject({ bMs: 6400, dMs: 32_000 });
});

describe('INVITE client', () => {
  const run = (events: readonly Parameters<typeof stepInviteClient>[1][], values = datagram) =>
    trace(startInviteClient(values), events, (state, event) => stepInviteClient(state, event, values));

  test('retransmits with doubling gaps that T2 does not cap, until B', () => {
    expect(run([timer('A'), timer('A'), timer('A'), timer('A'), timer('B')])).toEqual([
      'calling: send, start B 32000, start A 500',
      'calling: resend, start A 1000',
      'calling: resend, start A 2000',
      'calling: resend, start A 4000',
      'calling: resend, start A 8000',
      'terminated: fail timeout',
    ]);
  });

  test('a provisional response stops retransmission and B', () => {
    expect(run([response(100), timer('A'), timer('B'), response(180), response(200)])).toEqual([
      'calling: send, start B 32000, start A 500',
      'proceeding: stop A, stop B, deliver',
      'proceeding: ',
      'proceeding: ',
      'proceeding: deliver',
      'accepted: start M 32000, deliver',
    ]);
  });

  test('every 2xx is delivered until M; ACKs of 2xx are not the transaction’s', () => {
    expect(run([response(200), response(200), response(486), response(180), timer('M')]).slice(1)).toEqual([
      'accepted: stop A, stop B, start M 32000, deliver',
      'accepted: deliver',
      'accepted: ',
      'accepted: ',
      'terminated: ',
    ]);
  });

  test('an error response is acknowledged each time it comes, and delivered once', () => {
    expect(run([response(486), response(486), response(200), timer('D')]).slice(1)).toEqual([
      'completed: stop A, stop B, start D 32000, acknowledge, deliver',
      'completed: acknowledge',
      'completed: ',
      'terminated: ',
    ]);
  });

  test('on a stream nothing is retransmitted and an error response ends it at once', () => {
    expect(run([response(486)], stream)).toEqual([
      'calling: send, start B 32000',
      'terminated: stop A, stop B, acknowledge, deliver',
    ]);
  });

  test('a transport error counts before any response and when the ACK cannot be sent', () => {
    expect(run([transportError]).slice(1)).toEqual(['terminated: fail transport']);
    expect(run([response(180), transportError]).slice(2)).toEqual(['proceeding: ']);
    expect(run([response(486), transportError]).slice(2)).toEqual(['terminated: ']);
    expect(run([response(200), transportError]).slice(2)).toEqual(['accepted: ']);
  });
});

describe('non-INVITE client', () => {
  const run = (events: readonly Parameters<typeof stepNonInviteClient>[1][], values = datagram) =>
    trace(startNonInviteClient(values), events, (state, event) => stepNonInviteClient(state, event, values));

  test('retransmits with doubling gaps up to T2, until F', () => {
    expect(run([timer('E'), timer('E'), timer('E'), timer('E'), timer('F')])).toEqual([
      'trying: send, start F 32000, start E 500',
      'trying: resend, start E 1000',
      'trying: resend, start E 2000',
      'trying: resend, start E 4000',
      'trying: resend, start E 4000',
      'terminated: fail timeout',
    ]);
  });

  test('after a provisional response it goes on every T2, F still running', () => {
    expect(run([response(100), timer('E'), timer('F')]).slice(1)).toEqual([
      'proceeding: deliver',
      'proceeding: resend, start E 4000',
      'terminated: fail timeout',
    ]);
  });

  test('a final response is delivered once; K absorbs the rest', () => {
    expect(run([response(200), response(200), timer('K')]).slice(1)).toEqual([
      'completed: stop E, stop F, start K 5000, deliver',
      'completed: ',
      'terminated: ',
    ]);
    expect(run([response(481)], stream)).toEqual([
      'trying: send, start F 32000',
      'terminated: stop E, stop F, deliver',
    ]);
  });

  test('a transport error before the final response is a failure', () => {
    expect(run([response(100), transportError]).slice(2)).toEqual(['terminated: fail transport']);
    expect(run([response(200), transportError]).slice(2)).toEqual(['completed: ']);
  });
});

describe('INVITE server', () => {
  const run = (events: readonly Parameters<typeof stepInviteServer>[1][], values = datagram) =>
    trace({ state: startInviteServer(), effects: [] }, events, (state, event) =>
      stepInviteServer(state, event, values),
    );

  test('retransmissions get the last provisional response again', () => {
    expect(run([respond(100), retransmission, respond(180), retransmission]).slice(1)).toEqual([
      'proceeding: send',
      'proceeding: resend',
      'proceeding: send',
      'proceeding: resend',
    ]);
  });

  test('an error response is repeated with doubling gaps up to T2, until H', () => {
    const events = [respond(486), timer('G'), timer('G'), timer('G'), timer('G'), retransmission, timer('H')];
    expect(run(events).slice(1)).toEqual([
      'completed: send, start H 32000, start G 500',
      'completed: resend, start G 1000',
      'completed: resend, start G 2000',
      'completed: resend, start G 4000',
      'completed: resend, start G 4000',
      'completed: resend',
      'terminated: fail timeout',
    ]);
  });

  test('the ACK stops the repetition, I absorbs late ones', () => {
    expect(run([respond(486), ack, ack, retransmission, timer('I')]).slice(2)).toEqual([
      'confirmed: stop G, stop H, start I 5000',
      'confirmed: ',
      'confirmed: ',
      'terminated: ',
    ]);
    expect(run([respond(486), ack], stream).slice(1)).toEqual(['completed: send, start H 32000', 'terminated: ']);
  });

  test('after a 2xx the INVITE is absorbed, the ACK handed on, and L ends it (RFC 6026)', () => {
    expect(run([respond(200), retransmission, ack, ack, respond(200), respond(486), timer('L')]).slice(1)).toEqual([
      'accepted: send, start L 32000',
      'accepted: ',
      'accepted: deliver',
      'accepted: deliver',
      'accepted: send',
      'accepted: ',
      'terminated: ',
    ]);
  });

  test('a second final response is not sent', () => {
    expect(run([respond(486), respond(200)]).slice(2)).toEqual(['completed: ']);
  });
});

describe('non-INVITE server', () => {
  const run = (events: readonly Parameters<typeof stepNonInviteServer>[1][], values = datagram) =>
    trace({ state: startNonInviteServer(), effects: [] }, events, (state, event) =>
      stepNonInviteServer(state, event, values),
    );

  test('retransmissions are silent before the first response and repeat it afterwards', () => {
    expect(
      run([retransmission, respond(100), retransmission, respond(200), retransmission, timer('J')]).slice(1),
    ).toEqual([
      'trying: ',
      'proceeding: send',
      'proceeding: resend',
      'completed: send, start J 32000',
      'completed: resend',
      'terminated: ',
    ]);
  });

  test('a second final response is not sent; on a stream nothing lingers', () => {
    expect(run([respond(200), respond(500)]).slice(2)).toEqual(['completed: ']);
    expect(run([respond(200)], stream).slice(1)).toEqual(['terminated: send']);
  });
});
