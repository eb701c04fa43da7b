import type { Deepgram } from '@deepgram/sdk';
import type { RecognisedWord, SpeechToTextEvent } from '../../stages/speech-to-text.js';
import { type JsonObject, numberIn, objectIn, objectsIn, textIn } from '../shared/json.js';
import { protocolFault, serviceFailure } from './errors.js';
import { type ListenReader, nothing, type PositionOf, type Understood } from './listen-events.js';

/** What of `Results` is read. */
interface Result {
  readonly transcript: string;
  readonly words: readonly JsonObject[];
  readonly languages: readonly unknown[];
  readonly isFinal: boolean;
  readonly speechFinal: boolean;
  readonly fromFinalize: boolean;
  readonly endMs: number;
}

/** Heard again of what nothing was understood of, ms: a word may have begun in it. */
const LEAD_MS = 400;

type ResultsKey = keyof Deepgram.listen.ListenV1Results;
const key = <Key extends ResultsKey>(name: Key): Key => name;

/**
 * The messages of listen v1 (Nova). A segment is revised until `is_final`; the segments of a turn add up until
 * `speech_final`, which may come with an empty one, or, where noise hides the silence, until `UtteranceEnd`, which also
 * comes after a `speech_final` and then means nothing.
 * https://developers.deepgram.com/docs/understand-endpointing-interim-results
 */
export class NovaReader implements ListenReader {
  readonly #endsTurns: boolean;
  /** Final segments since the last turn ended. */
  #segments: string[] = [];
  /** What the segment under way was last taken for. */
  #interim = '';
  /** An utterance ended before its last segment was final. */
  #endWithNext = false;

  /** `endsTurns`: a turn ends when Deepgram says so; otherwise whoever listens decides. */
  constructor(endsTurns: boolean) {
    this.#endsTurns = endsTurns;
  }

  get speaking(): boolean {
    return this.#interim !== '';
  }

  read(message: JsonObject, positionOf: PositionOf): Understood {
    switch (textIn(message, 'type')) {
      case 'Results':
        return this.#results(readResult(message), positionOf);
      case 'UtteranceEnd':
        return this.#utteranceEnd();
      case 'SpeechStarted': {
        const atMs = (numberIn(message, 'timestamp') ?? 0) * 1000;
        return { events: [{ type: 'speech-started', positionMs: positionOf(atMs) }] };
      }
      case 'Metadata':
        return nothing;
      case 'Error': {
        const failure = serviceFailure(textIn(message, 'code') || textIn(message, 'err_code'));
        return { events: [], failure };
      }
      case 'Warning':
        return { events: [{ type: 'warning', error: serviceFailure(textIn(message, 'code')) }] };
      default:
        return {
          events: [{ type: 'warning', error: protocolFault('a message of a kind that listen v1 does not have') }],
        };
    }
  }

  lost(): readonly SpeechToTextEvent[] {
    // The segment under way is heard again on the next connection, and revised there.
    this.#endWithNext = false;
    return [];
  }

  #results(result: Result | undefined, positionOf: PositionOf): Understood {
    if (result === undefined) {
      return { events: [{ type: 'warning', error: protocolFault('results without an alternative') }] };
    }
    const { transcript, isFinal, speechFinal, fromFinalize, endMs } = result;
    if (!isFinal) {
      if (transcript === '' && this.#interim === '') return { events: [], settledMs: Math.max(0, endMs - LEAD_MS) };
      this.#interim = transcript;
      return { events: [{ type: 'transcript', text: transcript, final: false }] };
    }
    const events: SpeechToTextEvent[] = [];
    // Silence comes as final segments without a word; one is told where somebody waits for it.
    if (transcript !== '' || this.#interim !== '' || fromFinalize) events.push(finalOf(result, positionOf));
    this.#interim = '';
    if (transcript !== '') this.#segments.push(transcript);
    if (speechFinal || this.#endWithNext) events.push(...this.#endOfTurn());
    const settledMs = transcript === '' ? Math.max(0, endMs - LEAD_MS) : endMs;
    return { events, settledMs, ...(fromFinalize && { finalized: true }) };
  }

  #utteranceEnd(): Understood {
    if (!this.#endsTurns) return nothing;
    if (this.#interim !== '') {
      this.#endWithNext = true;
      return { events: [], finalize: true };
    }
    return { events: this.#endOfTurn() };
  }

  #endOfTurn(): readonly SpeechToTextEvent[] {
    this.#endWithNext = false;
    const text = this.#segments.join(' ');
    this.#segments = [];
    return this.#endsTurns && text !== '' ? [{ type: 'end-of-turn', text }] : [];
  }
}

function readResult(message: JsonObject): Result | undefined {
  const [alternative] = objectsIn(objectIn(message, key('channel')), 'alternatives');
  if (alternative === undefined) return undefined;
  const { languages } = alternative;
  return {
    transcript: textIn(alternative, 'transcript').trim(),
    words: objectsIn(alternative, 'words'),
    languages: Array.isArray(languages) ? languages : [],
    isFinal: message[key('is_final')] === true,
    speechFinal: message[key('speech_final')] === true,
    fromFinalize: message[key('from_finalize')] === true,
    endMs: ((numberIn(message, key('start')) ?? 0) + (numberIn(message, key('duration')) ?? 0)) * 1000,
  };
}

function finalOf({ transcript, words, languages }: Result, positionOf: PositionOf): SpeechToTextEvent {
  const [language] = languages;
  return {
    type: 'transcript',
    text: transcript,
    final: true,
    words: words.map((word) => recognised(word, positionOf)),
    ...(typeof language === 'string' && { language }),
  };
}

function recognised(word: JsonObject, positionOf: PositionOf): RecognisedWord {
  const startMs = positionOf((numberIn(word, 'start') ?? 0) * 1000);
  const confidence = numberIn(word, 'confidence');
  return {
    text: textIn(word, 'punctuated_word') || textIn(word, 'word'),
    startMs,
    endMs: Math.max(startMs, positionOf((numberIn(word, 'end') ?? 0) * 1000)),
    ...(confidence !== undefined && { confidence }),
  };
}
