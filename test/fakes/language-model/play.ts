import type { Clock } from '../../../src/base/clock.js';
import type { Exchange } from './exchange.js';
import { type ScriptedAnswer, tokensOf } from './scripted-answer.js';

const SLOW_TOKEN_MS = 40;
const FLOOD_TOKENS = 20;
const FLOOD_TOKEN_BYTES = 64 * 1024;

/** How a service puts an answer into events, in order; each returns what goes on the wire. */
export interface Wire {
  opening(): string;
  reasoning(text: string): string;
  text(token: string): string;
  toolCalls(): string;
  /** @param done Whether the sign that ends a stream is sent, where the service has one. */
  closing(done: boolean): string;
  error(): string;
}

/** Plays an answer at the speed of its script, with the faults that meet it. */
export async function play(exchange: Exchange, answer: ScriptedAnswer, wire: Wire, clock: Clock): Promise<void> {
  const { faults, request } = exchange;
  const pause = (ms: number): Promise<void> =>
    ms <= 0 ? Promise.resolve() : new Promise((resolve) => clock.setTimeout(resolve, ms));
  await exchange.send(wire.opening());
  if (faults.has('stall-before-first')) return;
  if (faults.has('cut-before-first')) return exchange.cut();
  await pause(answer.firstTokenMs ?? 0);
  if (answer.reasoning !== undefined) await exchange.send(wire.reasoning(answer.reasoning));
  const tokens = faults.has('flood')
    ? Array.from({ length: FLOOD_TOKENS }, () => 'x'.repeat(FLOOD_TOKEN_BYTES))
    : tokensOf(answer);
  for (const [index, token] of tokens.entries()) {
    if (exchange.gone) return;
    if (index > 0) await pause(faults.has('slow-tokens') ? SLOW_TOKEN_MS : (answer.tokenMs ?? 0));
    request.firstTokenAtMs ??= clock.now();
    request.tokensAtMs.push(clock.now());
    await exchange.send(wire.text(token));
    request.tokensSent += 1;
    if (faults.has('stall-after-first')) return;
    if (faults.has('silent-end')) return exchange.end();
    if (faults.has('malformed-json')) await exchange.send('event: message\ndata: {"broken": \n\n');
    if (faults.has('error-after-200')) {
      await exchange.send(wire.error());
      return exchange.end();
    }
    if (faults.has('cut-mid-stream')) {
      // What was sent is to arrive before the end of the connection does.
      await pause(20);
      return exchange.cut();
    }
  }
  request.firstTokenAtMs ??= clock.now();
  await exchange.send(wire.toolCalls());
  await exchange.send(wire.closing(!faults.has('no-done')));
  exchange.end();
}
