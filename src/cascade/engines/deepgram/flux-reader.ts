import type { Deepgram } from '@deepgram/sdk';
import type { SpeechToTextEvent } from '../../stages/speech-to-text.js';
import { type JsonObject, numberIn, textIn } from '../shared/json.js';
import { protocolFault, serviceFailure } from './errors.js';
import { type ListenReader, nothing, type PositionOf, type Understood } from './listen-events.js';

type TurnInfoKey = keyof Deepgram.listen.ListenV2TurnInfo;
const key = <Key extends TurnInfoKey>(name: Key): Key => name;

/** Heard again before the beginning of a turn, ms: its first word may have begun before it was noticed. */
const LEAD_MS = 400;

/**
 * The messages of listen v2 (Flux), which finds the turns itself. `transcript` is all of the turn so far; an
 * `EagerEndOfTurn` is followed by `TurnResumed` or `EndOfTurn`. What fails is told as `Error`, whatever the schema calls
 * it. https://developers.deepgram.com/docs/flux/state
 */
export class FluxReader implements ListenReader {
  /** The turn under way: what it was last taken for. */
  #turn: string | undefined;
  /** A probable end was told and neither confirmed nor withdrawn. */
  #eager = false;

  get speaking(): boolean {
    return this.#turn !== undefined;
  }

  read(message: JsonObject, positionOf: PositionOf): Understood {
    switch (textIn(message, 'type')) {
      case 'TurnInfo':
        return this.#turnInfo(message, positionOf);
      case 'Connected':
      case 'ConfigureSuccess':
        return nothing;
      case 'ConfigureFailure':
        return { events: [{ type: 'warning', error: protocolFault('a refusal of new settings') }] };
      case 'Error':
      case 'FatalError':
        return { events: [], failure: serviceFailure(textIn(message, 'code')) };
      case 'Warning':
        return { events: [{ type: 'warning', error: serviceFailure(textIn(message, 'code')) }] };
      default:
        return {
          events: [{ type: 'warning', error: protocolFault('a message of a kind that listen v2 does not have') }],
        };
    }
  }

  lost(): readonly SpeechToTextEvent[] {
    // The turn is heard again from its beginning, and its end told again.
    return this.#resumed();
  }

  #turnInfo(message: JsonObject, positionOf: PositionOf): Understood {
    const text = textIn(message, key('transcript')).trim();
    const startMs = (numberIn(message, key('audio_window_start')) ?? 0) * 1000;
    const endMs = (numberIn(message, key('audio_window_end')) ?? 0) * 1000;
    switch (textIn(message, key('event'))) {
      case 'StartOfTurn': {
        const known = this.#turn !== undefined;
        this.#turn ??= '';
        const started: SpeechToTextEvent = { type: 'speech-started', positionMs: positionOf(startMs) };
        return {
          events: [...(known ? [] : [started]), ...this.#interim(text)],
          settledMs: Math.max(0, startMs - LEAD_MS),
        };
      }
      case 'Update':
        // Between turns, silence is reported as well.
        if (text === '' && this.#turn === undefined) return { events: [], settledMs: Math.max(0, endMs - LEAD_MS) };
        return { events: this.#interim(text) };
      case 'EagerEndOfTurn': {
        const events = this.#interim(text);
        if (text === '' || this.#eager) return { events };
        this.#eager = true;
        return { events: [...events, { type: 'eager-end-of-turn', text }] };
      }
      case 'TurnResumed':
        return { events: [...this.#resumed(), ...this.#interim(text)] };
      case 'EndOfTurn':
        return { events: this.#endOfTurn(text, message), settledMs: endMs };
      default:
        // Deepgram keeps the list of events open.
        return nothing;
    }
  }

  #interim(text: string): readonly SpeechToTextEvent[] {
    if (text === (this.#turn ?? '')) return [];
    this.#turn = text;
    return [{ type: 'transcript', text, final: false }];
  }

  #resumed(): readonly SpeechToTextEvent[] {
    if (!this.#eager) return [];
    this.#eager = false;
    return [{ type: 'turn-resumed' }];
  }

  #endOfTurn(text: string, message: JsonObject): readonly SpeechToTextEvent[] {
    const begun = this.#turn !== undefined;
    this.#turn = undefined;
    this.#eager = false;
    if (text === '' && !begun) return [];
    const { languages } = message;
    const language: unknown = Array.isArray(languages) ? languages[0] : undefined;
    const final: SpeechToTextEvent = {
      type: 'transcript',
      text,
      final: true,
      ...(typeof language === 'string' && { language }),
    };
    return [final, { type: 'end-of-turn', text }];
  }
}
