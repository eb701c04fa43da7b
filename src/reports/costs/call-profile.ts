/** An ordinary call, as far as its costs go. */
export interface CallProfile {
  readonly callMs: number;
  /** Of it, speech of the agent. */
  readonly agentMs: number;
  /** Answers of the agent. */
  readonly answers: number;
  /** Instructions and tools, tokens: they are sent along with every answer. */
  readonly promptTokens: number;
}

/** Quantities of a call, by unit. */
export type Usage = Readonly<Record<string, number>>;

/** What an ordinary call is like unless somebody knows better. */
export const profileDefaults = { agentShare: 0.5, answersPerMinute: 4, promptTokens: 800 } as const;

/** English at an ordinary pace. */
const TOKENS_PER_SPOKEN_MS = 200 / 60_000;
const CHARACTERS_PER_SPOKEN_MS = 900 / 60_000;
/** Speech-to-speech models of OpenAI: one token for 100 ms heard, one for 50 ms made. */
const HEARD_MS_PER_TOKEN = 100;
const MADE_MS_PER_TOKEN = 50;

/** A call of so many minutes with {@link profileDefaults}. */
export function ordinaryCall(minutes: number, agentShare: number = profileDefaults.agentShare): CallProfile {
  const { answersPerMinute, promptTokens } = profileDefaults;
  const callMs = minutes * 60_000;
  return { callMs, agentMs: callMs * agentShare, answers: Math.max(1, minutes * answersPerMinute), promptTokens };
}

/** Of a recogniser, and of a telephone line: both are paid for as long as the call lasts. */
export function usageOfWholeCall({ callMs }: CallProfile): Usage {
  return { 'audio-ms': callMs };
}

export function usageOfVoice({ agentMs }: CallProfile): Usage {
  return { 'audio-ms': agentMs, characters: agentMs * CHARACTERS_PER_SPOKEN_MS };
}

/** A model of text reads everything again for each answer. No cache is counted on: prompts of calls are short. */
export function usageOfLanguageModel(profile: CallProfile): Usage {
  const { answers, promptTokens } = profile;
  const heard = heardMs(profile) * TOKENS_PER_SPOKEN_MS;
  const said = profile.agentMs * TOKENS_PER_SPOKEN_MS;
  return {
    'input-tokens': answers * promptTokens + heard + readAgain(heard + said, answers),
    'output-tokens': said,
  };
}

/** A speech-to-speech model reads everything again as well, but out of its cache. */
export function usageOfRealtime(profile: CallProfile): Usage {
  const { callMs, agentMs, answers, promptTokens } = profile;
  const heard = heardMs(profile) / HEARD_MS_PER_TOKEN;
  const made = agentMs / MADE_MS_PER_TOKEN;
  return {
    'audio-ms': callMs,
    'input-tokens': promptTokens,
    'cached-tokens': promptTokens * (answers - 1),
    'output-tokens': agentMs * TOKENS_PER_SPOKEN_MS,
    'audio-input-tokens': heard,
    'audio-cached-tokens': readAgain(heard + made, answers),
    'audio-output-tokens': made,
  };
}

function heardMs({ callMs, agentMs }: CallProfile): number {
  return Math.max(0, callMs - agentMs);
}

/** Tokens of earlier answers that are read again, where each of `answers` adds the same share of `tokens`. */
function readAgain(tokens: number, answers: number): number {
  return (tokens / answers) * ((answers * (answers - 1)) / 2);
}
