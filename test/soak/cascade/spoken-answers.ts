import type { ModelRequest, SpokenSpeech } from './provider-api.js';

/** An answer of the model's of which the voice was given something to say. */
export interface SpokenAnswer {
  readonly request: ModelRequest;
  /** As it was written. */
  readonly text: string;
  /** As the voice was given it, in order: the beginning of the text, or all of it. */
  readonly pieces: readonly SpokenSpeech[];
}

/**
 * Which pieces were spoken in answer to which request of one call: by their texts. Times alone do not tell on a machine
 * that is busy, and an early request that was withdrawn has no pieces.
 *
 * @param requests of the call, oldest first
 * @param speeches of its connection, oldest first; what begins no answer, such as a greeting, is left out
 * @param textOf what the model answered
 */
export function spokenAnswers(
  requests: readonly ModelRequest[],
  speeches: readonly SpokenSpeech[],
  textOf: (request: ModelRequest) => string,
): readonly SpokenAnswer[] {
  const answers: { request: ModelRequest; text: string; pieces: SpokenSpeech[] }[] = [];
  for (const speech of speeches) {
    const current = answers.at(-1);
    if (current && begins(current.text, [...current.pieces, speech])) {
      current.pieces.push(speech);
      continue;
    }
    const request = requests.findLast(
      (each) => each.atMs <= speech.askedAtMs && each !== current?.request && begins(textOf(each), [speech]),
    );
    if (request) answers.push({ request, text: textOf(request), pieces: [speech] });
  }
  return answers;
}

/**
 * What the request that followed says was heard of an answer: what it has of the agent's behind the dialogue that the
 * answer was asked for with. Empty: nothing.
 */
export function toldOf({ request }: SpokenAnswer, next: ModelRequest): string {
  return next.dialogue
    .slice(request.dialogue.length)
    .filter((line) => line.startsWith('assistant: '))
    .map((line) => line.slice('assistant: '.length))
    .join(' ');
}

function begins(text: string, pieces: readonly SpokenSpeech[]): boolean {
  return text.startsWith(pieces.map((piece) => piece.text.trim()).join(' '));
}
