/** A fake of Anthropic's Messages API, on loopback. See `README.md` beside this file. */
export { isModelFault, type ModelFault, modelFaults } from '../language-model/faults.js';
export {
  type AskedQuestion,
  inOrder,
  type Mind,
  type ScriptedAnswer,
  type ScriptedCall,
} from '../language-model/scripted-answer.js';
export { FakeAnthropic, type FakeAnthropicOptions, startFakeAnthropic } from './fake.js';
