import { cumulativeWeights } from '../../../src/base/text-weight.js';
import { EventStream } from '../../../src/cascade/stages/event-stream.js';
import type {
  TextToSpeech,
  TextToSpeechEvent,
  TextToSpeechRequest,
  TextToSpeechSession,
  TextToSpeechUtterance,
} from '../../../src/cascade/stages/text-to-speech.js';
import { type AudioFormat, FlavorError } from '../../../src/flavor-api/index.js';

export interface VoiceScript {
  readonly name?: string;
  readonly text?: 'stream' | 'sentence';
  readonly output?: readonly AudioFormat[];
  /** Time of one letter, ms; each word is a little slower or faster. */
  readonly letterMs?: number;
  /** Fails with this, after so many words of all utterances; 0 before the first. */
  readonly failsAfterWords?: number;
  readonly error?: FlavorError;
  /** Says nothing more after so many words, and no error either. */
  readonly hangsAfterWords?: number;
  readonly openError?: FlavorError;
  readonly opensNever?: boolean;
  readonly voiceSigns?: boolean;
}

export const mulaw: AudioFormat = { encoding: 'mulaw', sampleRate: 8000 };

/** A voice that speaks at once what it is given, word by word, and may break off behind any of them. */
export class ScriptedVoice implements TextToSpeech {
  readonly identity;
  readonly capabilities;
  /** Words as they were spoken, of all utterances. */
  readonly words: string[] = [];
  readonly script: VoiceScript;
  /** Audio of all utterances, ms. */
  spokenMs = 0;
  opened = 0;
  readonly requests: TextToSpeechRequest[] = [];
  closed = 0;

  constructor(script: VoiceScript = {}) {
    this.script = script;
    this.identity = { provider: 'scripted', model: script.name ?? 'voice' };
    this.capabilities = {
      output: script.output ?? [mulaw],
      text: script.text ?? 'sentence',
      wordTimes: false,
      maxCharacters: 1_000,
      voiceSigns: script.voiceSigns ?? false,
    } as const;
  }

  check(): Promise<void> {
    return this.script.openError ? Promise.reject(this.script.openError) : Promise.resolve();
  }

  open(request: TextToSpeechRequest): Promise<TextToSpeechSession> {
    const { openError, opensNever } = this.script;
    if (openError) return Promise.reject(openError);
    if (opensNever) return new Promise(() => {});
    this.opened += 1;
    this.requests.push(request);
    return Promise.resolve({
      begin: () => new ScriptedUtterance(this),
      close: () => {
        this.closed += 1;
      },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

class ScriptedUtterance implements TextToSpeechUtterance {
  readonly events = new EventStream<TextToSpeechEvent>();
  readonly #voice: ScriptedVoice;
  #pieces = 0;
  #over = false;

  constructor(voice: ScriptedVoice) {
    this.#voice = voice;
  }

  get spokenPieces(): number {
    return this.#pieces;
  }

  append(piece: string): void {
    if (this.#over) return;
    const { script, words } = this.#voice;
    if (script.text !== 'stream' || this.#pieces === 0) this.events.push({ type: 'piece', index: this.#pieces });
    for (const word of piece.split(/\s+/)) {
      if (script.hangsAfterWords !== undefined && words.length >= script.hangsAfterWords) {
        this.#over = true;
        return;
      }
      if (script.failsAfterWords !== undefined && words.length >= script.failsAfterWords) {
        this.#over = true;
        this.events.push({ type: 'end', error: script.error ?? lost, spokenPieces: this.#pieces });
        return;
      }
      words.push(word);
      const letters = (cumulativeWeights(`${word} `)[word.length + 1] ?? 0) * (0.8 + (word.length % 3) * 0.2);
      const bytes = Math.round(letters * (script.letterMs ?? 60)) * 8;
      this.#voice.spokenMs += bytes / 8;
      this.events.push({ type: 'audio', data: new Uint8Array(bytes).fill(0x2a) });
    }
    this.#pieces += 1;
  }

  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.events.push({ type: 'end', spokenPieces: this.#pieces });
  }

  cancel(): void {
    this.#over = true;
    this.events.push({ type: 'end', spokenPieces: this.#pieces });
  }
}

export const lost = new FlavorError('ERR_FLAVOR_NETWORK', 'the connection broke', true);
