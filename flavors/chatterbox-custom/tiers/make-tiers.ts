import { createSpeechBackend, type SpeechBackendConfig, type StageUsage } from 'sip-voice-connector/cascade';
import { isPrivate, type Privacy, requirePrivate } from '../privacy.js';
import type { TierKind } from '../router.js';
import { dayNumber, type TierSection } from './section.js';
import type { TierOptions } from './tier.js';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const MILLION = 1_000_000;
/** As long as a caller waits for the only server there is, ms. */
const ONLY_QUEUE_MS = 10_000;

/** Of a section, what says nothing about how the voice sounds. */
const notOfTheVoice: ReadonlySet<string> = new Set([
  'url',
  'baseUrl',
  'token',
  'apiKey',
  'key',
  'secret',
  'concurrency',
  'retries',
  'answerTimeoutMs',
  'connectTimeoutMs',
  'waitMs',
  'startTimeoutMs',
  'workTimeoutMs',
  'warmMinutes',
  'machine',
  'vendor',
  // How the sound is handed over.
  'answer',
  'stream',
]);

/** Tells voices apart, in one text: everything in the section that may change the sound. */
function voiceOf(section: SpeechBackendConfig): string {
  const entries = Object.entries(section).filter(([key, value]) => !notOfTheVoice.has(key) && value !== undefined);
  return JSON.stringify(entries.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/**
 * The tiers of a configuration.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` for a tier that is to hear private calls on a host that is not allowed to, and for
 *   what the schema of a server cannot see
 */
export function makeTiers(sections: readonly TierSection[], privacy: Privacy): readonly TierOptions[] {
  return sections.map((section, index) => makeTier(section, `tiers[${index}]`, privacy));
}

/** One server as the only tier. It hears private calls where it is on an allowed host. */
export function onlyTier(backend: SpeechBackendConfig, privacy: Privacy): TierOptions {
  const near = isPrivate(backend, privacy);
  if (privacy.allPrivate) requirePrivate(backend, 'tts', privacy);
  const made = createSpeechBackend(backend, near ? { guard: privacy.guard } : {});
  return {
    rules: {
      name: 'only',
      kind: near ? 'local' : kindOf(backend),
      private: near,
      concurrency: made.capabilities.concurrency,
      queueMs: ONLY_QUEUE_MS,
    },
    backend: made,
    voice: voiceOf(backend),
    keepWarm: 'never',
  };
}

function kindOf({ provider }: SpeechBackendConfig): TierKind {
  if (provider === 'sherpa-onnx') return 'local';
  return provider === 'chatterbox' ? 'dedicated' : 'serverless';
}

function makeTier(section: TierSection, place: string, privacy: Privacy): TierOptions {
  const { guard, allPrivate } = privacy;
  const { name, kind, queueMs, budgetUsdPerDay, keepWarm, hours } = section;
  const hearsPrivate = section.private ?? (allPrivate || kind === 'local');
  if (hearsPrivate || allPrivate) requirePrivate(section.backend, `${place}.backend`, privacy);
  const backend = createSpeechBackend(section.backend, hearsPrivate ? { guard } : {});
  return {
    rules: {
      name,
      kind,
      private: hearsPrivate,
      concurrency: section.concurrency ?? backend.capabilities.concurrency,
      queueMs,
      ...(hours && {
        hours: {
          from: hours.from,
          until: hours.until,
          timeZone: hours.timeZone,
          ...(hours.days && { days: hours.days.map(dayNumber) }),
        },
      }),
      ...(budgetUsdPerDay !== undefined && { budgetUsdPerDay }),
    },
    backend,
    voice: section.voice === undefined ? voiceOf(section.backend) : `named ${section.voice}`,
    sound: voiceOf(section.backend),
    priceOf: (usage) => priceOf(section, usage),
    keepWarm,
  };
}

function priceOf(section: TierSection, { unit, quantity }: StageUsage): number {
  switch (unit) {
    case 'machine-ms':
      return (quantity * (section.usdPerHour ?? 0)) / HOUR_MS;
    case 'characters':
      return (quantity * (section.usdPerMillionCharacters ?? 0)) / MILLION;
    case 'audio-ms':
      return (quantity * (section.usdPerMinute ?? 0)) / MINUTE_MS;
    default:
      return 0;
  }
}
