import { type Json, listOf, objectOf, textOf } from '../language-model/json.js';
import { tokenCount } from '../language-model/scripted-answer.js';

export interface InputUsage {
  readonly input: number;
  readonly read: number;
  readonly written: number;
}

/** Shorter beginnings are never cached, silently. */
function minimumTokens(model: string): number {
  if (/haiku-4-5|opus-4-[56]/.test(model)) return 4_096;
  return model.includes('sonnet-4-6') ? 2_048 : 1_024;
}

/** Beginnings of requests that were marked, byte by byte: tools, then the system prompt, then messages. */
export class PromptCache {
  readonly #known = new Set<string>();

  use(body: Json): InputUsage {
    const blocks = [
      ...listOf(body['tools']),
      ...listOf(body['system']),
      ...listOf(body['messages']).flatMap((message) => {
        const { role, content } = objectOf(message);
        return listOf(content).map((block) => ({ role, ...objectOf(block) }));
      }),
    ].map(objectOf);
    const minimum = minimumTokens(textOf(body['model']));
    let prefix = textOf(body['model']);
    let [read, upTo] = [0, 0];
    for (const { cache_control, ...block } of blocks) {
      prefix += JSON.stringify(block);
      const tokens = tokenCount(prefix);
      // What was once marked is known, whether this request marks it or not.
      if (this.#known.has(prefix)) read = tokens;
      if (cache_control === undefined || tokens < minimum) continue;
      this.#known.add(prefix);
      upTo = tokens;
    }
    const cached = Math.max(read, upTo);
    return { input: tokenCount(prefix) - cached, read, written: Math.max(0, upTo - read) };
  }
}
