import { setTimeout as sleep } from 'node:timers/promises';
import { isVoiced, speechLike } from '../../../src/flavor-testkit/sound.js';
import type { NextTurn } from './fake-provider.js';
import type { FromProvider, ToProvider } from './wire.js';

const FORMAT = { encoding: 'mulaw', sampleRate: 8000 } as const;
const MS_PER_WORD = 250;
/** Voiced frames below which the model has heard nothing. */
const FEWEST_FRAMES = 5;
/** Wall time per word sent: much faster than playout, slow enough to be cancelled in the middle. */
const SEND_MS = 4;

const answers: Readonly<Record<'short-answer' | 'long-answer', string>> = {
  'short-answer': 'Yes, the shop opens at nine.',
  'long-answer':
    'First turn left at the old mill, then follow the river for about two miles until you reach a white bridge near the harbour.',
};

export interface FakeModelOptions {
  send(message: FromProvider): void;
  nextTurn(): NextTurn;
  /** Told everything that the model knows whenever it is asked for a reply. */
  onRequest(prompt: string): void;
  /** The status that requests are refused with, if they are. */
  refusal(): number | undefined;
}

/** One session of the fake provider. Understands only real sound, keeps its own dialogue, speaks word by word. */
export class FakeModel {
  readonly #options: FakeModelOptions;
  readonly #speaking = new Set<AbortController>();
  /** Lines of the dialogue; agent lines by the id of their reply. */
  #dialogue: { readonly id: string; text: string }[] = [];
  #voicedFrames = 0;
  #turns = 0;
  #generation = 0;
  #replies = 0;

  constructor(options: FakeModelOptions) {
    this.#options = options;
  }

  receive(message: ToProvider): void {
    const status = message.type === 'audio' || message.type === 'cancel' ? undefined : this.#options.refusal();
    if (status !== undefined) {
      this.#options.send({ type: 'error', status });
      return;
    }
    switch (message.type) {
      case 'open':
        for (const text of message.history) this.#note('history', text);
        this.#options.send({ type: 'ready' });
        return;
      case 'audio':
        if (isSpeech(Buffer.from(message.data, 'base64'))) this.#voicedFrames += 1;
        return;
      case 'end-turn':
        this.#endTurn();
        return;
      case 'say':
        this.#reply(message.text);
        return;
      case 'digits':
        this.#note('caller', `pressed ${message.digits}`);
        this.#reply(`You pressed ${[...message.digits].join(' ')}.`);
        return;
      case 'cancel':
        this.#generation = message.generation;
        for (const speech of this.#speaking) speech.abort();
        this.#speaking.clear();
        return;
      case 'cut':
        for (const line of this.#dialogue) if (line.id === message.id) line.text = message.heardText;
        return;
      case 'tool-results':
        for (const result of message.results) this.#note('tool', result);
        if (message.reply) this.#reply('That is done now.');
        return;
      case 'update':
        this.#note('instructions', message.instructions);
        return;
    }
  }

  close(): void {
    for (const speech of this.#speaking) speech.abort();
  }

  #endTurn(): void {
    const heard = this.#voicedFrames >= FEWEST_FRAMES;
    this.#voicedFrames = 0;
    if (!heard) return;
    this.#turns += 1;
    const text = `caller sentence number ${this.#turns}`;
    this.#note('caller', text);
    this.#options.send({ type: 'heard', turn: this.#turns, text });
    const next = this.#options.nextTurn();
    if (next === 'one-tool' || next === 'two-tools') {
      const calls = next === 'one-tool' ? [1] : [1, 2];
      this.#options.send({
        type: 'tools',
        calls: calls.map((call) => ({
          id: `call-${this.#turns}-${call}`,
          name: 'look_up',
          arguments: { order: call },
        })),
      });
      return;
    }
    this.#reply(answers[next]);
  }

  #reply(text: string): void {
    this.#options.onRequest(this.#dialogue.map((line) => line.text).join('\n'));
    this.#replies += 1;
    const id = `reply-${this.#replies}`;
    this.#note(id, text);
    const speech = new AbortController();
    this.#speaking.add(speech);
    void this.#speak(id, text, speech).finally(() => this.#speaking.delete(speech));
  }

  async #speak(id: string, text: string, speech: AbortController): Promise<void> {
    const data = Buffer.from(speechLike(FORMAT, MS_PER_WORD)).toString('base64');
    const generation = this.#generation;
    for (const [index, word] of text.split(' ').entries()) {
      await sleep(SEND_MS);
      if (speech.signal.aborted) return;
      this.#options.send({ type: 'speech', id, generation, text: `${word} `, atMs: index * MS_PER_WORD, data });
    }
    this.#options.send({ type: 'speech-done', id, generation });
  }

  #note(id: string, text: string): void {
    this.#dialogue.push({ id, text });
  }
}

/** Loud, and not the square wave that a host leaves in memory it takes back. */
function isSpeech(frame: Uint8Array): boolean {
  return new Set(frame).size > 8 && isVoiced(frame, FORMAT);
}
