import type { SpeechToTextCapabilities, SpeechToTextEvent, SpeechToTextStream } from '../../../src/cascade/index.js';
import type { FlavorError } from '../../../src/flavor-api/index.js';
import { ScriptedStt, type ScriptedSttOptions, type ScriptedSttStream } from '../../fakes/cascade/scripted-stt.js';
import { dropped } from '../../fakes/cascade/stage-fault.js';
import type { BrokenStage } from './broken-stage.js';

/** A stream with some of its behaviour replaced. */
function altered(stream: SpeechToTextStream, changes: Partial<SpeechToTextStream>): SpeechToTextStream {
  return {
    events: stream.events,
    write: (frame) => stream.write(frame),
    finalize: () => stream.finalize(),
    close: () => stream.close(),
    ...changes,
  };
}

type Alteration = (stream: ScriptedSttStream) => Partial<SpeechToTextStream>;

/** A recogniser all of whose streams are altered. */
function withStreams(alteration: Alteration, options: ScriptedSttOptions = {}): ScriptedStt {
  const stt = new ScriptedStt(options);
  const open = stt.open.bind(stt);
  const changed = async (...request: Parameters<typeof open>): Promise<SpeechToTextStream> => {
    const stream = await open(...request);
    return altered(stream, alteration(stream));
  };
  return Object.assign(stt, { open: changed });
}

/** A recogniser whose events are altered. */
function withEvents(
  change: (event: SpeechToTextEvent) => readonly SpeechToTextEvent[],
  options: ScriptedSttOptions = {},
): ScriptedStt {
  return withStreams((stream) => ({ events: changedEvents(stream.events, change) }), options);
}

async function* changedEvents(
  events: AsyncIterable<SpeechToTextEvent>,
  change: (event: SpeechToTextEvent) => readonly SpeechToTextEvent[],
): AsyncGenerator<SpeechToTextEvent> {
  for await (const event of events) yield* change(event);
}

function claiming(claims: Partial<SpeechToTextCapabilities>, options: ScriptedSttOptions = {}): ScriptedStt {
  const stt = new ScriptedStt(options);
  return Object.assign(stt, { capabilities: { ...stt.capabilities, ...claims } });
}

/** Each breaks one promise. */
export const brokenStts: readonly BrokenStage<ScriptedStt>[] = [
  {
    check: 1,
    name: 'eager without an end',
    make: () => claiming({ eagerEndOfTurn: true }),
    complaint: /eagerEndOfTurn/,
  },
  { check: 2, name: 'deaf', make: () => withStreams(() => ({ write: () => {} })), complaint: /no final transcript/ },
  {
    check: 2,
    name: 'reads the frame when the host has it back',
    make: () => {
      return withStreams((stream) => ({
        write: (frame) => queueMicrotask(() => stream.write(frame)),
      }));
    },
    complaint: /no final transcript/,
  },
  {
    check: 3,
    name: 'talks after its end',
    make: () => withEvents((event) => (event.type === 'end' ? [event, { type: 'turn-resumed' }] : [event])),
    complaint: /'turn-resumed' came after 'end'/,
  },
  {
    check: 3,
    name: 'keeps its usage to itself',
    make: () => withEvents((event) => (event.type === 'usage' ? [] : [event])),
    complaint: /no usage/,
  },
  {
    check: 4,
    name: 'calls an abort an error',
    make: () => withEvents((event) => (event.type === 'end' ? [{ ...event, error: dropped }] : [event])),
    complaint: /aborted, the stream ends with an error/,
  },
  {
    check: 5,
    name: 'throws after its end',
    make: () =>
      withStreams((stream) => ({
        write: () => {
          if (stream.over) throw new Error('the socket is closed');
        },
      })),
    complaint: /the socket is closed/,
  },
  {
    check: 6,
    name: 'forgets what it was eager about',
    make: () =>
      withEvents(
        (event) => (event.type === 'end-of-turn' ? [event, { type: 'eager-end-of-turn', text: event.text }] : [event]),
        { endOfTurn: true, eagerEndOfTurn: true },
      ),
    complaint: /neither confirmed nor taken back/,
  },
  { check: 7, name: 'without words', make: () => claiming({ wordTimes: true }), complaint: /have no words/ },
  {
    check: 8,
    name: 'does not finalize',
    make: () => withStreams(() => ({ finalize: () => {} }), { finalize: true }),
    complaint: /after finalize/,
  },
  {
    check: 9,
    name: 'blocks in write()',
    make: () =>
      withStreams(() => ({
        write: () => {
          const endAtMs = performance.now() + 0.3;
          while (performance.now() < endAtMs);
        },
      })),
    complaint: /write\(\) takes/,
  },
  {
    check: 10,
    name: 'hides a broken connection',
    make: () => withEvents((event) => (event.type === 'end' ? [{ type: 'end' }] : [event])),
    complaint: /as if it had been closed/,
  },
  {
    check: 11,
    name: 'spells its provider as it likes',
    make: () => Object.assign(new ScriptedStt(), { identity: { provider: 'Scripted Inc.', model: 'ears' } }),
    complaint: /lower case/,
  },
  {
    check: 12,
    name: 'checks nothing',
    make: () => Object.assign(new ScriptedStt(), { check: async () => {} }),
    complaint: /bad credentials: resolved/,
  },
  {
    check: 13,
    name: 'blames the network',
    make: () => {
      const stt = new ScriptedStt();
      const open = stt.open.bind(stt);
      const blaming = (...request: Parameters<typeof open>) =>
        open(...request).catch((_: FlavorError) => {
          throw dropped;
        });
      return Object.assign(stt, { open: blaming });
    },
    complaint: /expected ERR_FLAVOR_AUTH/,
  },
];
