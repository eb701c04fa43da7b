/** A fake of Anthropic's Messages API, on loopback. See `README.md` beside this file. */
export type {
  AskedQuestion,
  Mind,
  ScriptedAnswer,
  ScriptedCall,
} from '../language-model/scripted-answer.js';
export { FakeAnthropic, type FakeAnthropicOptions, startFakeAnthropic } from './fake.js';
