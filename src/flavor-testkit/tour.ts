import type { CallLog } from './call-log.js';
import type { CheckContext } from './check.js';

/** Words the tour has a verbatim flavor speak. */
const SPOKEN = 'Please hold the line for a moment.';

/**
 * One call through everything the flavor can do: greeting, conversation, exact words, an interruption, tools, digits,
 * and the end. It judges nothing: what does not happen in time is passed over, other checks are there for that.
 */
export async function makeTour(context: CheckContext): Promise<CallLog> {
  const flavor = await context.flavor();
  const { capabilities } = flavor;
  const call = await context.open('conversation', { flavor, also: capabilities.tools ? ['tool-call'] : [] });
  const { host } = call;
  const stages: (() => Promise<void>)[] = [() => host.run(100)];
  const stage = (step: () => Promise<unknown>): void => {
    stages.push(async () => {
      await step();
      await host.untilQuiet();
    });
  };
  stage(async () => host.start());
  stage(() => host.converse(call.action));
  if (capabilities.verbatimSpeech) stage(async () => host.speak({ text: SPOKEN }));
  if (capabilities.interruptible) {
    stage(async () => {
      await host.converse(await context.scenario('long-answer'));
      await host.run(200);
      host.interrupt('speech');
    });
  }
  if (capabilities.dtmf) stage(async () => host.converse(await context.scenario('digits')));
  if (capabilities.tools) stage(async () => host.act(await context.scenario('tool-call')));
  for (const each of stages) await each().catch(() => undefined);
  host.abort();
  await host.reaches(() => host.ended !== undefined, context.deadlines.answerMs);
  // A session that has ended must stay silent whatever the host still says.
  host.guard('onDtmf', () => host.session.onDtmf('5'));
  host.guard('speak', () => host.session.speak({ text: SPOKEN }));
  await host.settle(500);
  await host.close();
  return host.log;
}
