import { type ContractCheck, expect } from '../check.js';
import { poison } from '../fake-host.js';
import { requireNothingThrown } from './support.js';

/** Bytes in a row that tell reused memory from chance. */
const POISON_RUN = 40;

/** What a host may rely on. */
export const hostingChecks: readonly ContractCheck[] = [
  {
    id: 25,
    title: 'no audio or text comes before start()',
    needs: [],
    async run(_harness, context) {
      const flavor = await context.flavor();
      // Another call first, to learn how long the flavor takes to be heard.
      const { host: answered, action } = await context.open('conversation', { flavor });
      answered.start();
      await answered.untilQuiet();
      await answered.converse(action);
      const { host } = await context.open('conversation', { flavor });
      await host.settle(1_000);
      const early = host.log.events.find(({ event }) => event.type === 'audio' || event.type === 'text');
      expect(early === undefined, `${String(early?.event.type)} before start()`);
    },
  },
  {
    id: 28,
    title: 'playout reports that come twice or name no response are ignored',
    needs: [],
    async run(_harness, context) {
      const { host, action } = await context.open('conversation');
      host.start();
      await host.untilQuiet();
      for (const state of ['started', 'interrupted', 'finished'] as const) {
        const report = { responseId: 'contract-kit-unknown', state, heardMs: 0, heardText: '', heardChars: 0 };
        host.guard('onPlayout', () => host.session.onPlayout(report));
      }
      for (const report of [...host.log.reports]) host.guard('onPlayout', () => host.session.onPlayout(report));
      host.guard('onToolResult', () =>
        host.session.onToolResult({ id: 'contract-kit-unknown', output: {}, reply: false }),
      );
      requireNothingThrown(host.log.thrown);
      await host.converse(action);
      requireNothingThrown(host.log.thrown);
    },
  },
  {
    id: 29,
    title: "a frame's memory is not read after write() has returned",
    needs: [],
    async run(_harness, context) {
      const { host, action } = await context.open('conversation');
      host.start();
      await host.untilQuiet();
      await host.converse(action);
      await host.run(500);
      for (const { event } of host.log.events) {
        if (event.type !== 'audio') continue;
        expect(!hasPoison(event.data), 'the audio holds what the host wrote into a frame after write() had returned');
      }
    },
  },
  {
    id: 30,
    title: 'sessions of one flavor keep apart',
    needs: [],
    async run(_harness, context) {
      const flavor = await context.flavor();
      const silent = await context.open('conversation', { flavor });
      const talking = await context.open('conversation', { flavor });
      silent.host.start();
      talking.host.start();
      // On a busy machine a greeting may come late: it is no answer to anybody.
      if (flavor.capabilities.greets === true) {
        await together(...[talking, silent].map(({ host }) => host.reaches(() => host.voicedSince(0) !== undefined)));
      }
      await together(talking.host.untilQuiet(), silent.host.untilQuiet());
      const mark = silent.host.log.events.length;
      await together(talking.host.converse(talking.action), silent.host.settle(2_000));
      await silent.host.settle(500);
      expect(silent.host.voicedSince(mark) === undefined, "a session answers another session's caller");
      talking.host.abort();
      await talking.host.until(() => talking.host.ended !== undefined, 'end after the signal was aborted');
      expect(silent.host.ended === undefined, 'the end of one session ended another');
    },
  },
];

async function together(...work: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(work);
}

function hasPoison(data: Uint8Array): boolean {
  let run = 0;
  for (const byte of data) {
    run = byte === poison[run % 2 === 0 ? 0 : 1] ? run + 1 : byte === poison[0] ? 1 : 0;
    if (run >= POISON_RUN) return true;
  }
  return false;
}
