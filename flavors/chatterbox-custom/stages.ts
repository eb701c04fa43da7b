import {
  createLanguageModel,
  createSpeechToText,
  createSystemClock,
  failOverLanguageModels,
  failOverSpeechToText,
  type HostGuard,
  hastyIf,
  type LanguageModel,
  type LanguageModelConfig,
  type SpeechToText,
  type SpeechToTextConfig,
  type TextToSpeech,
  type TextToSpeechRequest,
  type TextToSpeechSession,
} from 'sip-voice-connector/cascade';
import type { FlavorDeps } from 'sip-voice-connector/flavor';
import { isPrivate, type Privacy, requirePrivate } from './privacy.js';

/** A stage as calls have it, and as private calls have it, from the same engines. */
export interface StageOfTwo<Engine> {
  readonly all: Engine;
  /** Absent: no engine is on a host where private calls may go. */
  readonly private: Engine | undefined;
}

/**
 * Who hears, the preferred one first.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for one that is not on an allowed host, where all calls are private
 */
export function makeEars(
  sections: readonly SpeechToTextConfig[],
  privacy: Privacy,
  { log }: FlavorDeps,
): StageOfTwo<SpeechToText> {
  const failOver = { clock: createSystemClock(), log };
  const hasty = sections.map((section) => ('reconnect' in section ? hastyIf(sections.length > 1, section) : section));
  return stageOfTwo(
    'stt',
    hasty,
    privacy,
    (section, guard) => createSpeechToText(section, { guard }),
    (engines) => failOverSpeechToText(engines, failOver),
  );
}

/** Who thinks; the same. */
export function makeMinds(
  sections: readonly LanguageModelConfig[],
  privacy: Privacy,
  { log }: FlavorDeps,
): StageOfTwo<LanguageModel> {
  const failOver = { clock: createSystemClock(), log };
  return stageOfTwo(
    'llm',
    sections,
    privacy,
    (section, guard) => createLanguageModel(section, { guard }),
    (engines) => failOverLanguageModels(engines, failOver),
  );
}

function stageOfTwo<Section extends object, Engine>(
  name: string,
  sections: readonly Section[],
  privacy: Privacy,
  create: (section: Section, guard: HostGuard | undefined) => Engine,
  join: (engines: readonly Engine[]) => Engine,
): StageOfTwo<Engine> {
  const made = sections.map((section, index) => {
    const place = index === 0 ? name : `standby.${name}[${index - 1}]`;
    if (privacy.allPrivate) requirePrivate(section, place, privacy);
    const near = isPrivate(section, privacy);
    return { near, engine: create(section, near ? privacy.guard : undefined) };
  });
  const joined = (engines: readonly Engine[]): Engine => {
    const [only] = engines;
    return engines.length === 1 && only !== undefined ? only : join(engines);
  };
  const near = made.filter((each) => each.near).map(({ engine }) => engine);
  return {
    all: joined(made.map(({ engine }) => engine)),
    private: near.length === 0 ? undefined : joined(near),
  };
}

/** A voice whose every call is private. */
export class PrivateVoice implements TextToSpeech {
  readonly #voice: TextToSpeech;

  constructor(voice: TextToSpeech) {
    this.#voice = voice;
  }

  get identity(): TextToSpeech['identity'] {
    return this.#voice.identity;
  }

  get capabilities(): TextToSpeech['capabilities'] {
    return this.#voice.capabilities;
  }

  check(signal: AbortSignal): Promise<void> {
    return this.#voice.check(signal);
  }

  async warmup(signal: AbortSignal): Promise<void> {
    await this.#voice.warmup?.(signal);
  }

  open(request: TextToSpeechRequest, signal: AbortSignal): Promise<TextToSpeechSession> {
    return this.#voice.open({ ...request, private: true }, signal);
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#voice[Symbol.asyncDispose]();
  }
}
