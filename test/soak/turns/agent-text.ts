import { encodeMulaw } from '../../../src/audio/g711.js';
import { speak8k, wordTimes } from '../../support/speech.js';
import { longTexts } from '../openai/texts.js';
import type { AgentText } from './overlap.js';

/** What the agent says while callers cough at it. */
export async function agentText(): Promise<AgentText> {
  const text = longTexts[0] ?? '';
  const pcm = await speak8k(text);
  const codes = new Uint8Array(pcm.length);
  encodeMulaw(pcm, codes);
  return { codes, words: await wordTimes(text) };
}
