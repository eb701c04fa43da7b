import type { TextToSpeechEvent, TextToSpeechSession, TextToSpeechUtterance } from '../../../src/cascade/index.js';
import { ScriptedTts, type ScriptedTtsOptions } from '../../fakes/cascade/scripted-tts.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import type { BrokenStage } from './broken-stage.js';

/** A voice whose sessions are altered. */
function withSessions(
  alter: (session: TextToSpeechSession) => TextToSpeechSession,
  options: ScriptedTtsOptions = {},
): ScriptedTts {
  const tts = new ScriptedTts(options);
  const open = tts.open.bind(tts);
  return Object.assign(tts, {
    open: async (...request: Parameters<typeof open>) => alter(await open(...request)),
  });
}

/** A voice whose utterances are altered. */
function withUtterances(
  alteration: (utterance: TextToSpeechUtterance) => Partial<TextToSpeechUtterance>,
  options: ScriptedTtsOptions = {},
): ScriptedTts {
  return withSessions(
    (session) => ({
      close: () => session.close(),
      begin: () => {
        const utterance = session.begin();
        return {
          events: utterance.events,
          append: (piece) => utterance.append(piece),
          finish: () => utterance.finish(),
          cancel: () => utterance.cancel(),
          ...alteration(utterance),
        };
      },
    }),
    options,
  );
}

function withEvents(
  change: (event: TextToSpeechEvent) => readonly TextToSpeechEvent[],
  options: ScriptedTtsOptions = {},
): ScriptedTts {
  return withUtterances(({ events }) => ({ events: changed(events, change) }), options);
}

async function* changed(
  events: AsyncIterable<TextToSpeechEvent>,
  change: (event: TextToSpeechEvent) => readonly TextToSpeechEvent[],
): AsyncGenerator<TextToSpeechEvent> {
  for await (const event of events) yield* change(event);
}

const mulaw = { encoding: 'mulaw', sampleRate: 8000 } as const;
const pcm = { encoding: 'pcm16', sampleRate: 8000 } as const;

/** Each breaks one promise. */
export const brokenTtses: readonly BrokenStage<ScriptedTts>[] = [
  { check: 1, name: 'takes a word at most', make: () => new ScriptedTts({ maxCharacters: 5 }), complaint: /maxChar/ },
  {
    check: 2,
    name: 'cuts samples in two',
    make: () =>
      withEvents((event) => (event.type === 'audio' ? [{ ...event, data: event.data.subarray(1) }] : [event]), {
        output: [pcm],
      }),
    complaint: /cuts a sample in two/,
  },
  {
    check: 2,
    name: 'miscounts',
    make: () => withEvents((event) => (event.type === 'end' ? [{ ...event, spokenPieces: 0 }] : [event])),
    complaint: /spokenPieces is 0/,
  },
  {
    check: 3,
    name: 'names no pieces, one request each',
    make: () => new ScriptedTts({ text: 'sentence', nameless: true }),
    complaint: /never be asked for/,
  },
  {
    check: 4,
    name: 'has words before their time',
    make: () =>
      withEvents((event) => (event.type === 'word' ? [{ ...event, atMs: 10_000 - event.atMs }] : [event]), {
        wordTimes: true,
      }),
    complaint: /after one at/,
  },
  {
    check: 5,
    name: 'cannot stop',
    make: () =>
      withUtterances((utterance) => {
        return { cancel: () => setTimeout(() => utterance.cancel(), 700) };
      }),
    complaint: /ms after cancel\(\)|no end after cancel\(\)/,
  },
  {
    check: 6,
    name: 'opens for nobody',
    make: () => {
      const tts = new ScriptedTts();
      const open = tts.open.bind(tts);
      const deaf = async (request: Parameters<typeof open>[0], signal: AbortSignal) =>
        open(request, signal.aborted ? new AbortController().signal : signal);
      return Object.assign(tts, { open: deaf });
    },
    complaint: /aborted signal: resolved/,
  },
  {
    check: 7,
    name: 'throws when it is over',
    make: () =>
      withUtterances((utterance) => {
        let over = false;
        return {
          cancel: () => {
            over = true;
            utterance.cancel();
          },
          append: (piece) => {
            if (over) throw new Error('the utterance is over');
            utterance.append(piece);
          },
        };
      }),
    complaint: /the utterance is over/,
  },
  {
    check: 8,
    name: 'speaks one format under every name',
    make: () => {
      const tts = new ScriptedTts({ output: [mulaw, pcm] });
      const open = tts.open.bind(tts);
      return Object.assign(tts, {
        open: (_: unknown, signal: AbortSignal) => open({ output: mulaw }, signal),
      });
    },
    complaint: /the same words take/,
  },
  {
    check: 9,
    name: 'never ends when there is nothing to say',
    make: () => {
      return withUtterances((utterance) => {
        let pieces = 0;
        return {
          append: (piece) => {
            pieces += 1;
            utterance.append(piece);
          },
          finish: () => {
            if (pieces > 0) utterance.finish();
          },
        };
      });
    },
    complaint: /no end of the utterance/,
  },
  {
    check: 10,
    name: 'forgets the first when the second begins',
    make: () =>
      withSessions((session) => {
        let last: TextToSpeechUtterance | undefined;
        return {
          close: () => session.close(),
          begin: () => {
            last?.cancel();
            last = session.begin();
            return last;
          },
        };
      }),
    complaint: /made no sound/,
  },
  {
    check: 11,
    name: 'keeps its usage to itself',
    make: () => withEvents((event) => (event.type === 'usage' ? [] : [event])),
    complaint: /no usage/,
  },
  {
    check: 12,
    name: 'hides a broken connection',
    make: () => withEvents((event) => (event.type === 'end' ? [{ type: 'end', spokenPieces: 0 }] : [event])),
    complaint: /does not say so/,
  },
  {
    check: 13,
    name: 'spells its provider as it likes',
    make: () => Object.assign(new ScriptedTts(), { identity: { provider: '', model: 'mouth' } }),
    complaint: /lower case/,
  },
  {
    check: 14,
    name: 'checks nothing',
    make: () => Object.assign(new ScriptedTts(), { check: async () => {} }),
    complaint: /bad credentials: resolved/,
  },
  {
    check: 15,
    name: 'blames the network',
    make: () => {
      const tts = new ScriptedTts();
      const open = tts.open.bind(tts);
      return Object.assign(tts, {
        open: (...request: Parameters<typeof open>) =>
          open(...request).catch(() => {
            throw dropped;
          }),
      });
    },
    complaint: /expected ERR_FLAVOR_AUTH/,
  },
];
