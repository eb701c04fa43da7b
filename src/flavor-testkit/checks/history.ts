import { responseText } from '../call-log.js';
import { canaries } from '../canaries.js';
import { type CheckContext, type ContractCheck, expect } from '../check.js';
import type { ProviderRequest } from '../harness.js';
import { plainWords } from './support.js';

/** How far a provider's cut may lie from what was heard: one packet and rounding, ms. */
const CUT_TOLERANCE_MS = 40;

/** What the model is told of the dialogue. */
export const historyChecks: readonly ContractCheck[] = [
  {
    id: 13,
    title: 'after an interruption the model knows only what the caller heard',
    needs: ['truncation'],
    async run(_harness, context) {
      const { host, action } = await context.open('long-answer');
      host.start();
      await host.untilQuiet();
      const id = await host.converse(action);
      const unheardWords = (): string => responseText(host.log.events, id).slice(host.playing?.heardChars);
      const halfHeard = (): boolean =>
        host.playing?.responseId === id && host.playing.heardMs >= 1_000 && unheardWords().trim().length > 0;
      await host.until(halfHeard, 'moment in which 1 s of the answer was heard and more words of it were to come');
      host.interrupt('speech');
      await host.run(100);
      const report = host.log.reports.find((each) => each.responseId === id && each.state === 'interrupted');
      expect(report !== undefined, 'the kit reported no interruption');
      await host.untilQuiet();
      const before = requestsOf(context).length;
      await host.converse(await context.scenario('conversation'));
      const request = requestsOf(context)[before];
      expect(request !== undefined, 'the next turn made no request: providers[].requests() shows none');
      if (request.truncatedToMs !== undefined) {
        const off = Math.abs(request.truncatedToMs - report.heardMs);
        expect(off <= CUT_TOLERANCE_MS, `cut at ${request.truncatedToMs} ms, heard were ${report.heardMs} ms`);
        return;
      }
      const heard = plainWords(report.heardText);
      const [unheard = ''] = plainWords(responseText(host.log.events, id).slice(report.heardChars)).split(' ');
      expect(heard.length > 0, 'the answer has no text cues: what was heard cannot be known');
      const prompt = plainWords(request.prompt);
      expect(prompt.includes(heard), `the model is not told what was heard: "${heard}"`);
      const toldMore = prompt.includes(`${heard} ${unheard}`);
      expect(!toldMore, `the model is told what was not heard: "${unheard}" after "${heard}"`);
    },
  },
  {
    id: 31,
    title: 'history given to open() reaches the model',
    needs: ['truncation'],
    async run(_harness, context) {
      const { host, action } = await context.open('conversation', {
        history: [{ role: 'caller', turnId: 'earlier-1', text: canaries.history }],
      });
      host.start();
      await host.untilQuiet();
      const before = requestsOf(context).length;
      await host.converse(action);
      const request = requestsOf(context)[before];
      expect(request !== undefined, 'the turn made no request: providers[].requests() shows none');
      const told = plainWords(request.prompt).includes(plainWords(canaries.history));
      expect(told, 'the model is not told of the dialogue before the session');
    },
  },
];

function requestsOf(context: CheckContext): readonly ProviderRequest[] {
  const providers = context.providers();
  expect(providers.length > 0, 'capabilities.truncation needs a harness with providers, to see what the model is told');
  return providers.flatMap((provider) => provider.requests());
}
