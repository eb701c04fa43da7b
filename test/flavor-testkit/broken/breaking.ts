import type { Flavor, FlavorEvent, FlavorModule, FlavorSession } from 'sip-voice-connector/flavor';
import type { ContractHarness } from '../../../src/flavor-testkit/index.js';
import type { FakeProvider } from '../reference/fake-provider.js';
import { type ReferenceConfig, referenceModule } from '../reference/reference-flavor.js';
import { referenceHarness } from '../reference/reference-harness.js';

/** The reference flavor with one promise broken, and how the kit must complain. */
export interface BrokenFlavor {
  /** Number of the check that must fail. */
  readonly check: number;
  /** What its error must say: a check that fails for another reason proves nothing. */
  readonly complaint: RegExp;
  harness(provider: FakeProvider): ContractHarness;
}

export function broken(
  check: number,
  complaint: RegExp,
  module: FlavorModule<ReferenceConfig>,
  change: Partial<ContractHarness> = {},
): BrokenFlavor {
  return { check, complaint, harness: (provider) => ({ ...referenceHarness(provider, module), ...change }) };
}

/** The reference module with another flavor in it. */
export function withFlavor(change: (flavor: Flavor) => Partial<Flavor>): FlavorModule<ReferenceConfig> {
  return {
    manifest: referenceModule.manifest,
    async create(config, deps) {
      const flavor = await referenceModule.create(config, deps);
      return {
        capabilities: flavor.capabilities,
        check: (signal) => flavor.check(signal),
        open: (call) => flavor.open(call),
        [Symbol.asyncDispose]: () => flavor[Symbol.asyncDispose](),
        ...change(flavor),
      };
    },
  };
}

/** The reference module whose sessions behave differently. */
export function withSession(change: (session: FlavorSession) => Partial<FlavorSession>): FlavorModule<ReferenceConfig> {
  return withFlavor((flavor) => ({
    async open(call) {
      const session = await flavor.open(call);
      return {
        events: session.events,
        write: (frame) => session.write(frame),
        start: () => session.start(),
        speak: (request) => session.speak(request),
        interrupt: (cause) => session.interrupt(cause),
        onVoice: (event) => session.onVoice?.(event),
        onOnset: (verdict, positionMs) => session.onOnset?.(verdict, positionMs),
        endTurn: () => session.endTurn?.(),
        onPlayout: (report) => session.onPlayout(report),
        onDtmf: (digits) => session.onDtmf(digits),
        onToolResult: (result) => session.onToolResult(result),
        update: (patch) => session.update(patch),
        ...change(session),
      };
    },
  }));
}

/** The reference module whose event stream is rewritten. */
export function withEvents(
  rewrite: (events: AsyncIterable<FlavorEvent>) => AsyncIterable<FlavorEvent>,
): FlavorModule<ReferenceConfig> {
  return withSession((session) => ({ events: rewrite(session.events) }));
}
