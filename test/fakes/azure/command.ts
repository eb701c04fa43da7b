import type { FakeCommand } from '../command.js';
import { salonReplies, salonUtterances } from '../openai-realtime/salon-script.js';
import { type FakeAzure, faultNames, isFaultName, startFakeAzure } from './index.js';

/** `npm run fake -- azure`. */
export const azureCommand: FakeCommand = {
  name: 'azure',
  options: [],
  variants: [],
  faults: faultNames,
  async start({ port, key }) {
    const fake = await startFakeAzure({
      port,
      ...(key === undefined ? {} : { key }),
      lines: salonUtterances.map(({ text }) => text),
      // The caller of the demo has this voice: it is understood by its sound.
      utterances: salonUtterances.map((utterance) => ({ ...utterance, voice: 'rms' })),
    });
    void rehearse(fake);
    return {
      url: fake.url,
      introduction: introduction(fake.url, key),
      fail: (fault) => {
        if (isFaultName(fault)) fake.fail(fault);
      },
      recover: () => fake.recover(),
      timeline: () => fake.timeline,
      [Symbol.asyncDispose]: () => fake.close(),
    };
  },
};

/** Speaks every sentence once, so that its first caller waits no longer than the next. One at a time: calls come first. */
async function rehearse(fake: FakeAzure): Promise<void> {
  try {
    for (const text of salonReplies.flatMap((reply) => reply.match(/[^.!?]+[.!?]*/g) ?? []))
      await fake.warm([text.trim()]);
  } catch {
    // It was closed meanwhile.
  }
}

function introduction(url: string, key: string | undefined): string {
  return `A fake of Azure Speech listens at ${url}: the recogniser and the voices.

Point a flavor at it, and its llm at another fake (openai-text, anthropic):

  flavors:
    frontdesk: { use: azure, speech: { endpoint: "${url}", key: "${key ?? 'anything'}" }, llm: { ... } }

It understands what the caller of the demo says. Ctrl-C ends it.
`;
}
