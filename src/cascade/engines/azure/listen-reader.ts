import type { FlavorError } from '../../../flavor-api/index.js';
import type { RecognisedWord, SpeechToTextEvent } from '../../stages/speech-to-text.js';
import { isObject, type JsonObject, numberIn, objectIn, objectsIn, parseJson, textIn } from '../shared/json.js';
import { phraseFailure, protocolFault } from './errors.js';
import type { UspMessage } from './usp.js';
import { TICKS_PER_MS } from './wire-format.js';

/** What a message of the recogniser means. */
export interface Understood {
  readonly events: readonly SpeechToTextEvent[];
  /** What was said before this, ms of the turn's audio, is settled: it is not needed again. */
  readonly settledMs?: number;
  /** The turn is over: no message of it follows. */
  readonly turnEnded?: true;
  /** The service gave up: the connection is of no more use. */
  readonly failure?: FlavorError;
}

/** Where in the call a place of the turn's audio is: both ms. */
export type PositionOf = (turnMs: number) => number;

const nothing: Understood = { events: [] };
/** The most words that are read of one segment. */
const MAX_WORDS = 1_000;

/** Reads what the recogniser says about a turn. Times on the wire are of the turn's audio, in ticks of 100 ns. */
export class ListenReader {
  /** What the segment under way was last taken for. */
  #interim = '';

  /** Somebody is in the middle of saying something. */
  get speaking(): boolean {
    return this.#interim !== '';
  }

  read({ path, body }: UspMessage, positionOf: PositionOf): Understood {
    switch (path) {
      case 'turn.start':
      case 'speech.enddetected':
        return nothing;
      case 'turn.end':
        return { events: [], turnEnded: true };
    }
    const parsed = body.type === 'text' ? parseJson(body.text) : undefined;
    const content = isObject(parsed) ? parsed : undefined;
    switch (path) {
      case 'speech.startdetected': {
        // Its body may be empty.
        const offsetMs = content === undefined ? 0 : ticksIn(content, 'Offset');
        return { events: [{ type: 'speech-started', positionMs: positionOf(offsetMs) }] };
      }
      case 'speech.hypothesis':
      case 'speech.fragment':
        return content === undefined ? unreadable() : this.#hypothesis(content);
      case 'speech.phrase':
        return content === undefined ? unreadable() : this.#phrase(content, positionOf);
      default:
        return { events: [{ type: 'warning', error: protocolFault('a message of an unknown kind') }] };
    }
  }

  /** The turn ended, or was lost: a segment that is still open will not be closed by it. */
  abandon(): void {
    this.#interim = '';
  }

  #hypothesis(content: JsonObject): Understood {
    const text = textIn(content, 'Text').trim();
    if (text === '' || text === this.#interim) return nothing;
    this.#interim = text;
    return { events: [{ type: 'transcript', text, final: false, ...languageOf(content) }] };
  }

  #phrase(content: JsonObject, positionOf: PositionOf): Understood {
    const status = textIn(content, 'RecognitionStatus');
    const failure = phraseFailure(status);
    if (failure !== undefined) return { events: [], failure };
    const settledMs = ticksIn(content, 'Offset') + ticksIn(content, 'Duration');
    switch (status) {
      case 'Success':
        return { events: this.#final(content, positionOf), settledMs };
      case 'NoMatch':
      case 'BabbleTimeout':
      case 'InitialSilenceTimeout':
        return { events: this.#nothingUnderstood(), settledMs };
      case 'EndOfDictation':
        return nothing;
      default:
        return { events: [{ type: 'warning', error: protocolFault('a phrase of an unknown status') }] };
    }
  }

  #final(content: JsonObject, positionOf: PositionOf): readonly SpeechToTextEvent[] {
    const [best = {}] = objectsIn(content, 'NBest');
    const text = (textIn(best, 'Display') || textIn(content, 'DisplayText')).trim();
    if (text === '') return this.#nothingUnderstood();
    this.#interim = '';
    const words = wordsOf(best, positionOf);
    return [{ type: 'transcript', text, final: true, ...(words.length > 0 && { words }), ...languageOf(content) }];
  }

  /** A segment that was told of has to be closed; silence is nothing to tell. */
  #nothingUnderstood(): readonly SpeechToTextEvent[] {
    if (this.#interim === '') return [];
    this.#interim = '';
    return [{ type: 'transcript', text: '', final: true }];
  }
}

function unreadable(): Understood {
  return { events: [{ type: 'warning', error: protocolFault('a message that is no JSON object') }] };
}

function ticksIn(object: JsonObject, key: string): number {
  return Math.max(0, numberIn(object, key) ?? 0) / TICKS_PER_MS;
}

function languageOf(content: JsonObject): { readonly language?: string } {
  const language = textIn(objectIn(content, 'PrimaryLanguage'), 'Language');
  return /^[\w-]{2,20}$/.test(language) ? { language } : {};
}

/** As they are displayed where Azure gives that, for there they have their punctuation; else as they were spoken. */
function wordsOf(best: JsonObject, positionOf: PositionOf): readonly RecognisedWord[] {
  const displayed = objectsIn(best, 'DisplayWords');
  const words = displayed.length > 0 ? displayed : objectsIn(best, 'Words');
  const confidence = numberIn(best, 'Confidence');
  return words.slice(0, MAX_WORDS).flatMap((word) => {
    const text = textIn(word, 'DisplayText') || textIn(word, 'Word');
    if (text === '') return [];
    const startMs = positionOf(ticksIn(word, 'Offset'));
    const endMs = Math.max(startMs, positionOf(ticksIn(word, 'Offset') + ticksIn(word, 'Duration')));
    return [{ text, startMs, endMs, ...(confidence !== undefined && { confidence }) }];
  });
}
