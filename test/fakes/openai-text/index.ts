/**
 * A fake of OpenAI's text APIs (Chat Completions and Responses) and of the servers that imitate them, on loopback. See
 * `README.md` beside this file.
 */
export type { ModelFault } from '../language-model/faults.js';
export type {
  AskedQuestion,
  Mind,
  ScriptedAnswer,
  ScriptedCall,
} from '../language-model/scripted-answer.js';
export { FakeOpenAiText, type FakeOpenAiTextOptions, startFakeOpenAiText } from './fake.js';
export type { OpenAiVariant } from './refusal.js';
