import { bytesPerMs, bytesPerSample } from '../../flavor-api/index.js';
import { type CallLog, type LoggedEvent, responseBytes, responseIds } from '../call-log.js';
import { type ContractCheck, expect } from '../check.js';
import { formatsOf } from '../formats.js';
import { flavorErrorOf } from './support.js';

/** Longest chunk of audio an event may carry, ms. */
const LONGEST_CHUNK_MS = 2_000;
/** How much longer the same answer may be in one format than in another: models do not repeat themselves exactly. */
const LENGTH_RATIO = 1.4;
/** A cue may lie this far behind the end of the audio, ms. */
const CUE_SLACK_MS = 100;

/** The grammar of the event stream, judged on one call through everything the flavor can do. */
export const streamChecks: readonly ContractCheck[] = [
  {
    id: 4,
    title: 'the stream ends with exactly one end, and nothing follows it',
    needs: [],
    async run(_harness, context) {
      const log = await context.tour();
      const ends = log.events.filter(({ event }) => event.type === 'end');
      expect(ends.length > 0, 'the call was over and no end came');
      expect(log.afterEnd !== 'more events', 'more events after end');
      expect(log.afterEnd !== 'never finished', 'the iterator does not finish after end');
      const end = log.events.at(-1)?.event;
      expect(end?.type === 'end', `the last event is ${String(end?.type)}`);
      if (end.reason === 'failed') expect(flavorErrorOf(end.error) !== undefined, 'end/failed without a FlavorError');
      else expect(['completed', 'aborted'].includes(end.reason), `end has the reason '${String(end.reason)}'`);
    },
  },
  {
    id: 6,
    title: 'no audio or text follows audio-done of its response',
    needs: [],
    async run(_harness, context) {
      const log = await context.tour();
      const done = new Set<string>();
      for (const { event } of log.events) {
        if (event.type === 'audio-done') {
          expect(!done.has(event.responseId), `audio-done came twice for '${event.responseId}'`);
          done.add(event.responseId);
        } else if (event.type === 'audio' || event.type === 'text') {
          expect(!done.has(event.responseId), `${event.type} for '${event.responseId}' after its audio-done`);
        }
      }
      const cut = new Set(log.reports.filter(({ state }) => state === 'interrupted').map((each) => each.responseId));
      const open = responseIds(log.events).filter((id) => !done.has(id) && !cut.has(id));
      // A response without end is legitimate for a bare echo; speech of an agent must say when it is over.
      if (open.length === 0) return;
      const { capabilities } = await context.flavor();
      expect(!capabilities.interruptible, `response '${open[0]}' was neither interrupted nor closed by audio-done`);
      if (done.size === 0) context.notApplicable('no response was completed: the flavor is not interruptible');
    },
  },
  {
    id: 7,
    title: 'audio comes in the agreed format, in whole samples and chunks of at most 2 s',
    needs: [],
    async run(_harness, context) {
      const flavor = await context.flavor();
      requireChunks(await context.tour());
      const lengths: { readonly name: string; readonly ms: number }[] = [];
      for (const formats of formatsOf(flavor.capabilities)) {
        const { host, action } = await context.open('conversation', { flavor, ...formats });
        host.start();
        await host.untilQuiet();
        const id = await host.converse(action);
        await host.untilQuiet();
        requireChunks(host.log);
        const name = `${formats.output.encoding} ${formats.output.sampleRate}`;
        lengths.push({ name, ms: responseBytes(host.log.events, id) / bytesPerMs(formats.output) });
        await host.close();
      }
      // A response that lasts as long as the call is no measure of anything.
      if (!flavor.capabilities.interruptible) return;
      const sorted = lengths.toSorted((one, other) => one.ms - other.ms);
      const [shortest] = sorted;
      const longest = sorted.at(-1);
      if (!shortest || !longest) return;
      expect(
        longest.ms <= shortest.ms * LENGTH_RATIO,
        `the same answer lasts ${Math.round(shortest.ms)} ms in ${shortest.name} and ${Math.round(longest.ms)} ms in ` +
          `${longest.name}: one of them is not in the agreed format`,
      );
    },
  },
  {
    id: 8,
    title: 'atMs of a response never decreases and lies within its audio',
    needs: [],
    async run(_harness, context) {
      const log = await context.tour();
      let cues = 0;
      for (const responseId of responseIds(log.events)) cues += requireCues(log, responseId);
      if (cues === 0) context.notApplicable('no text event with atMs came in a whole call');
    },
  },
  {
    id: 9,
    title: 'a transcript is final once per turnId, and nothing follows its final',
    needs: [],
    async run(_harness, context) {
      const log = await context.tour();
      const finals = new Set<string>();
      let transcripts = 0;
      for (const { event } of log.events) {
        if (event.type !== 'transcript') continue;
        transcripts += 1;
        const turn = `${event.role} ${event.turnId}`;
        expect(!finals.has(turn), `a transcript of '${turn}' after its final one`);
        if (event.final) finals.add(turn);
      }
      if (transcripts === 0) context.notApplicable('no transcript event came in a whole call');
    },
  },
  {
    id: 34,
    title: 'audio handed to the host is not written to afterwards',
    needs: [],
    async run(_harness, context) {
      const log = await context.tour();
      let chunks = 0;
      for (const { event, copy } of log.events) {
        if (event.type !== 'audio' || !copy) continue;
        chunks += 1;
        expect(
          Buffer.compare(event.data, copy) === 0,
          `audio of '${event.responseId}' changed after the event: its memory is reused`,
        );
      }
      expect(chunks > 0, 'no audio came in a whole call');
    },
  },
];

function requireChunks(log: CallLog): void {
  const { output } = log;
  const longest = LONGEST_CHUNK_MS * bytesPerMs(output);
  for (const { event } of log.events) {
    if (event.type !== 'audio') continue;
    expect(event.data instanceof Uint8Array, 'audio.data is not a Uint8Array');
    expect(event.data.length > 0, `an empty chunk of audio for '${event.responseId}'`);
    const whole = event.data.length % bytesPerSample(output.encoding) === 0;
    expect(whole, `a chunk of ${event.data.length} bytes cuts a ${output.encoding} sample in two`);
    expect(event.data.length <= longest, `a chunk of ${event.data.length} bytes is longer than ${LONGEST_CHUNK_MS} ms`);
  }
}

/** Returns the number of cues of the response. */
function requireCues(log: CallLog, responseId: string): number {
  let latest = 0;
  let cues = 0;
  for (const { event } of log.events) {
    if (event.type !== 'text' || event.responseId !== responseId || event.atMs === undefined) continue;
    cues += 1;
    expect(event.atMs >= 0, `atMs of '${responseId}' is ${event.atMs}`);
    expect(event.atMs >= latest, `atMs of '${responseId}' goes back from ${latest} to ${event.atMs}`);
    latest = event.atMs;
  }
  const complete = log.events.some(
    ({ event }: LoggedEvent) => event.type === 'audio-done' && event.responseId === responseId,
  );
  const audioMs = responseBytes(log.events, responseId) / bytesPerMs(log.output);
  const interrupted = log.reports.some((report) => report.responseId === responseId && report.state === 'interrupted');
  if (cues > 0 && complete && !interrupted) {
    expect(
      latest <= audioMs + CUE_SLACK_MS,
      `the last cue of '${responseId}' is at ${latest} ms, its audio ends at ${audioMs}`,
    );
  }
  return cues;
}
