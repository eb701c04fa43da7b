import {
  type CallContext,
  defineFlavor,
  type Flavor,
  FlavorError,
  type FlavorModule,
  type FlavorSession,
} from 'sip-voice-connector/flavor';
import * as z from 'zod';
import { cascadeConfig, createCascade } from '../../../src/cascade/index.js';
import type { ContractHarness, ScenarioName, ScenarioSetup } from '../../../src/flavor-testkit/index.js';
import { providerControls } from '../../fakes/cascade/provider-controls.js';
import { type Reply, ScriptedLlm } from '../../fakes/cascade/scripted-llm.js';
import { ScriptedStt, type ScriptedSttOptions } from '../../fakes/cascade/scripted-stt.js';
import { ScriptedTts, type ScriptedTtsOptions } from '../../fakes/cascade/scripted-tts.js';
import { FakeClock } from '../../support/fake-clock.js';

const lookUp = {
  name: 'look_up',
  description: 'Looks up an order.',
  parameters: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] },
};

const LONG_ANSWER =
  'A haircut with us takes about forty five minutes. First we wash your hair, then a stylist cuts it. Shall I book one?';

const configSchema = z.strictObject({
  ...cascadeConfig.shape,
  apiKey: z.string().min(1).meta({ writeOnly: true }),
});

/** A cascade of scripted stages and the contract kit's harness around it. All time is taken from the caller's frames. */
export function scriptedHarness(
  stages: { readonly stt?: ScriptedSttOptions; readonly tts?: ScriptedTtsOptions },
  config: Readonly<Record<string, unknown>> = {},
): ContractHarness {
  let scenario: ScenarioName = 'conversation';
  const stt = new ScriptedStt(stages.stt);
  const tts = new ScriptedTts(stages.tts);
  const llm = new ScriptedLlm(({ messages }) => replyTo(messages.at(-1)?.role === 'tool', scenario));
  const module: FlavorModule<z.output<typeof configSchema>> = defineFlavor({
    manifest: { id: 'scripted-cascade', displayName: 'Scripted cascade', apiVersion: 1, configSchema },
    create: ({ apiKey, ...options }, deps) => {
      if (apiKey === 'none') throw new FlavorError('ERR_FLAVOR_CONFIG', 'apiKey: there must be one', false);
      return timedByFrames((clock) => createCascade({ stt, llm, tts }, options, { now: () => deps.now(), clock }));
    },
  });
  return {
    module,
    validConfig: { apiKey: 'key-contract-canary-5f81', ...config },
    badConfigs: [{ apiKey: 'none' }, { apiKey: 'key', turns: { openMs: -1 } }],
    providers: providerControls(stt, llm, tts),
    frameIntervalMs: 0,
    scenario: (name): ScenarioSetup => {
      scenario = name;
      return { tools: [lookUp] };
    },
  };
}

function replyTo(result: boolean, scenario: ScenarioName): Reply {
  if (result) return { text: 'Your order is on its way.' };
  const call = (order: number) => ({ name: lookUp.name, arguments: { order } });
  switch (scenario) {
    case 'conversation':
    case 'digits':
      return { text: 'Your order will come on Friday.' };
    case 'long-answer':
      return { text: LONG_ANSWER };
    case 'tool-call':
      return { calls: [call(7)] };
    case 'parallel-tool-calls':
      return { calls: [call(7), call(8)] };
  }
}

/** The flavor, each of whose calls has a clock that goes with the caller's audio. */
function timedByFrames(make: (clock: () => FakeClock) => Flavor): Flavor {
  let clock = new FakeClock();
  const flavor = make(() => clock);
  return {
    capabilities: flavor.capabilities,
    check: (signal) => flavor.check(signal),
    async open(call: CallContext): Promise<FlavorSession> {
      const own = new FakeClock();
      clock = own;
      const session = await flavor.open(call);
      return {
        events: session.events,
        write: (frame) => {
          own.advance(Math.max(0, frame.positionMs + 20 - own.now()));
          session.write(frame);
        },
        start: () => session.start(),
        speak: (request) => session.speak(request),
        interrupt: (cause) => session.interrupt(cause),
        onVoice: (event) => session.onVoice?.(event),
        onOnset: (verdict, positionMs) => session.onOnset?.(verdict, positionMs),
        onPlayout: (report) => session.onPlayout(report),
        onDtmf: (digits) => session.onDtmf(digits),
        onToolResult: (result) => session.onToolResult(result),
        update: (patch) => session.update(patch),
      };
    },
    [Symbol.asyncDispose]: () => flavor[Symbol.asyncDispose](),
  };
}
