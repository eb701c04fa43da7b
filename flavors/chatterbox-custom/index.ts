import {
  type CascadeOptions,
  type CascadeStages,
  createCascade,
  createSpeakable,
  createSystemClock,
  createTextToSpeech,
  verbatimPieces,
} from 'sip-voice-connector/cascade';
import { defineFlavor, type Flavor, type FlavorDeps } from 'sip-voice-connector/flavor';
import { bytesOf, type ChatterboxCustomConfig, chatterboxCustomConfigSchema, defaultBackend } from './config.js';
import { isPrivate, type Privacy, privacyOf, requirePrivate } from './privacy.js';
import { FlavorOfTwo } from './private-calls.js';
import { makeEars, makeMinds, PrivateVoice } from './stages.js';
import { makeTiers, onlyTier } from './tiers/make-tiers.js';
import { withStandbyVoices } from './voice/standby-voices.js';
import { createTieredVoice, type TieredVoice } from './voice/tiered-voice.js';

/** Any recogniser hears, any language model thinks, Chatterbox speaks: on machines of one's own, in tiers. */
export default defineFlavor<ChatterboxCustomConfig>({
  manifest: {
    id: 'chatterbox-custom',
    displayName: 'Chatterbox',
    apiVersion: 1,
    configSchema: chatterboxCustomConfigSchema,
  },
  create(config, deps): Flavor {
    const { profile, allowedHosts, stt, llm, tts, tiers, policy, cache, standby, ...options } = config;
    const privacy = privacyOf(allowedHosts, profile === 'private');
    if (privacy.allPrivate) {
      for (const [index, section] of standby.tts.entries()) {
        requirePrivate(section, `standby.tts[${index}]`, privacy);
      }
    }
    const ears = makeEars([stt, ...standby.stt], privacy, deps);
    const minds = makeMinds([llm, ...standby.llm], privacy, deps);
    const voice = makeVoice(config, options, privacy, deps);
    const { guard, allPrivate } = privacy;
    const others = standby.tts.map((section) => {
      const near = isPrivate(section, privacy);
      return { near, engine: createTextToSpeech(section, near ? { guard } : {}) };
    });
    const nearVoices = [
      ...(voice.tiers.some(({ rules }) => rules.private) ? [new PrivateVoice(voice)] : []),
      ...others.filter(({ near }) => near).map(({ engine }) => engine),
    ];
    const clocked = { clock: createSystemClock(), log: deps.log };
    const nearVoice = withStandbyVoices(nearVoices, policy.firstAudioMs, clocked);
    const forPrivate: CascadeStages | undefined =
      ears.private && minds.private && nearVoice
        ? { stt: ears.private, llm: minds.private, tts: nearVoice }
        : undefined;
    const main = allPrivate ? new PrivateVoice(voice) : voice;
    const all: CascadeStages = {
      stt: ears.all,
      llm: minds.all,
      tts: withStandbyVoices([main, ...others.map(({ engine }) => engine)], policy.firstAudioMs, clocked) ?? main,
    };
    const flavor = createCascade(all, options, deps);
    if (allPrivate) return flavor;
    return new FlavorOfTwo(flavor, forPrivate && createCascade(forPrivate, options, deps));
  },
});

function makeVoice(
  { tts = defaultBackend, tiers, policy, cache }: ChatterboxCustomConfig,
  options: CascadeOptions,
  privacy: Privacy,
  { log }: FlavorDeps,
): TieredVoice {
  const speakable = createSpeakable({ ...options, voiceSigns: true });
  const made = tiers.length > 0 ? makeTiers(tiers, privacy) : [onlyTier(tts, privacy)];
  const longest = made.map(({ backend }) => backend.capabilities.maxCharacters);
  const maxCharacters = Math.min(policy.maxCharacters, ...longest);
  const fixed = [options.greeting, options.filler.text, ...cache.phrases].filter((phrase) => !isTemplate(phrase));
  const phrases = fixed.flatMap((phrase) => verbatimPieces(phrase, { maxCharacters, speakable }));
  return createTieredVoice(
    {
      tiers: made,
      cache: {
        ...(cache.dir !== undefined && { folder: cache.dir }),
        maxBytes: bytesOf(cache.maxMb),
        maxMemoryBytes: bytesOf(cache.memoryMb),
        keepPrivate: cache.keepPrivate,
        phrases,
      },
      policy,
    },
    { log },
  );
}

/** Filled in for each call: as it stands nobody says it. */
function isTemplate(phrase: string): boolean {
  return /\{\{[^{}]*\}\}/.test(phrase);
}
