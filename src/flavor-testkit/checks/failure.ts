import type { FlavorErrorCode } from '../../flavor-api/index.js';
import { type CheckContext, type ContractCheck, expect } from '../check.js';
import type { FakeHost } from '../fake-host.js';
import type { ProviderControl, ProviderFault } from '../harness.js';
import { outcome } from '../pacer.js';
import { flavorErrorOf, requireNothingThrown } from './support.js';

/** How each fault must be named, and whether trying again later can help. */
const faults: readonly {
  readonly fault: ProviderFault;
  readonly code: FlavorErrorCode;
  /** `undefined`: either, since a quota may be exhausted for good. */
  readonly retryable: boolean | undefined;
}[] = [
  { fault: 'unauthorized', code: 'ERR_FLAVOR_AUTH', retryable: false },
  { fault: 'rate-limited', code: 'ERR_FLAVOR_QUOTA', retryable: undefined },
  { fault: 'server-error', code: 'ERR_FLAVOR_NETWORK', retryable: true },
  { fault: 'hang', code: 'ERR_FLAVOR_TIMEOUT', retryable: true },
];

/** Turns in which a session may show that it has recovered. */
const TURNS = 3;

/** What the flavor does when its provider does not. */
export const failureChecks: readonly ContractCheck[] = [
  {
    id: 19,
    title: 'after the provider drops the connection the session recovers or ends failed, retryable',
    needs: ['providers'],
    async run(_harness, context) {
      for (const provider of context.providers()) {
        const { host } = await context.open('conversation');
        host.start();
        await host.untilQuiet();
        await provider.drop();
        if (!(await answersOrEnds(host, context))) {
          throw new Error(`${provider.name} dropped the connection: the session neither answers nor ends`);
        }
        const end = host.ended?.event;
        if (end?.type === 'end') requireFailedEnd(end, `${provider.name} dropped the connection`);
        requireNothingThrown(host.log.thrown);
        await host.close();
      }
    },
  },
  {
    id: 20,
    title: 'refusals, rate limits, server errors and time-outs of the provider map to the right codes',
    needs: ['providers'],
    async run(_harness, context) {
      for (const provider of context.providers()) {
        for (const { fault, code, retryable } of faults) {
          const what = `${provider.name} failing with '${fault}'`;
          const error = flavorErrorOf(await errorUnder(provider, fault, context));
          expect(error !== undefined, `${what}: no FlavorError from open(), warning or end`);
          expect(error.code === code, `${what}: expected ${code}, got ${error.code}`);
          const fits = retryable === undefined || error.retryable === retryable;
          expect(fits, `${what}: the error must ${retryable ? '' : 'not '}be retryable`);
        }
      }
    },
  },
  {
    id: 21,
    title: 'a malformed message of the provider gives a warning, and the session lives',
    needs: ['providers'],
    async run(_harness, context) {
      for (const provider of context.providers()) {
        const { host, action } = await context.open('conversation');
        host.start();
        await host.untilQuiet();
        const mark = host.log.events.length;
        await provider.malformNext();
        host.act(action);
        const what = `warning about a malformed message of ${provider.name}`;
        await host.until(() => host.eventSince(mark, 'warning') !== undefined, what, context.deadlines.faultMs);
        const error = flavorErrorOf(host.eventSince(mark, 'warning')?.error);
        expect(
          error?.code === 'ERR_FLAVOR_PROTOCOL',
          `${what}: expected ERR_FLAVOR_PROTOCOL, got ${String(error?.code)}`,
        );
        await host.untilQuiet();
        await host.converse(
          await context.scenario('conversation'),
          `answer after a malformed message of ${provider.name}`,
        );
        await host.close();
      }
    },
  },
];

async function answersOrEnds(host: FakeHost, context: CheckContext): Promise<boolean> {
  for (let turn = 0; turn < TURNS && !host.ended; turn += 1) {
    const mark = host.log.events.length;
    host.act(await context.scenario('conversation'));
    const settled = (): boolean => host.voicedSince(mark) !== undefined || host.ended !== undefined;
    if (await host.reaches(settled, context.deadlines.faultMs / TURNS)) return true;
  }
  return host.ended !== undefined;
}

function requireFailedEnd(end: { readonly reason: string; readonly error?: unknown }, what: string): void {
  expect(end.reason === 'failed', `${what}: the stream ended with end/${end.reason}`);
  const error = flavorErrorOf(end.error);
  expect(error !== undefined, `${what}: end/failed without a FlavorError`);
  expect(error.retryable, `${what}: the error must be retryable, a broken connection can be made again`);
}

/** Opens a session and has the caller speak while `provider` fails; the first error that the flavor reports. */
async function errorUnder(provider: ProviderControl, fault: ProviderFault, context: CheckContext): Promise<unknown> {
  const flavor = await context.flavor();
  await provider.fail(fault);
  try {
    const opened = await outcome(context.open('conversation', { flavor }), context.deadlines.faultMs);
    if (opened.state === 'rejected') return opened.error;
    if (opened.state === 'pending') return undefined;
    const { host, action } = opened.value;
    const reported = (): unknown => host.eventSince(0, 'warning')?.error ?? host.eventSince(0, 'end')?.error;
    host.start();
    host.act(action);
    await host.reaches(() => reported() !== undefined, context.deadlines.faultMs);
    await host.close();
    return reported();
  } finally {
    await provider.recover();
  }
}
