import {
  createHostGuard,
  type LanguageModelConfig,
  privacyObstacle,
  type SpeechBackendConfig,
  type SpeechToTextConfig,
  type StandbyConfig,
} from 'sip-voice-connector/cascade';
import type { TierSection } from './tiers/section.js';

/** What of the configuration decides where words may go. */
export interface PrivacySections {
  readonly profile: 'standard' | 'private';
  readonly allowedHosts: readonly string[];
  readonly stt: SpeechToTextConfig;
  readonly llm: LanguageModelConfig;
  readonly tts?: SpeechBackendConfig | undefined;
  readonly tiers: readonly Pick<TierSection, 'kind' | 'private' | 'backend'>[];
  readonly standby: StandbyConfig;
}

/** A mistake, and what helps. */
export interface PrivacyIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
  readonly help: string;
}

const HELP_OF_PROFILE =
  'with `profile: private` it must be on loopback, a private address or one of `allowedHosts`; a name counts only where it is one of these';
const HELP_OF_TIER =
  'private calls may be heard by this tier: name its host in `allowedHosts`, or say `private: false`';
const MUTE: Omit<PrivacyIssue, 'path'> = {
  message: 'with `profile: private` all calls are private: this tier would never speak',
  help: 'leave `private` out, or the tier',
};
const HELP_OF_HOST =
  'a name (gpu.example.internal), an address (10.8.0.5) or a block (10.8.0.0/16), without scheme, port and path';

/** Every engine that would have to hear private calls, and is not where those may go. */
export function privacyIssues(config: PrivacySections): readonly PrivacyIssue[] {
  const { profile, allowedHosts, stt, llm, tts, tiers, standby } = config;
  const bad = allowedHosts.flatMap((host, index) => (isHost(host) ? [] : [hostIssue(index)]));
  if (bad.length > 0) return bad;
  const guard = createHostGuard({ hosts: allowedHosts });
  const issue = (path: PrivacyIssue['path'], section: unknown, help: string): readonly PrivacyIssue[] => {
    const obstacle = privacyObstacle(section, guard);
    return obstacle === undefined ? [] : [{ path: [...path, ...obstacle.path], message: obstacle.why, help }];
  };
  const ofTiers = tiers.flatMap((tier, index) => {
    const wanted = profile === 'private' || (tier.private ?? tier.kind === 'local');
    const help = profile === 'private' ? HELP_OF_PROFILE : HELP_OF_TIER;
    const mute =
      profile === 'private' && tier.private === false ? [{ path: ['tiers', index, 'private'], ...MUTE }] : [];
    return [...mute, ...(wanted ? issue(['tiers', index, 'backend'], tier.backend, help) : [])];
  });
  if (profile !== 'private') return ofTiers;
  const sections = [
    [['stt'], stt],
    [['llm'], llm],
    [['tts'], tts],
    ...(['stt', 'llm', 'tts'] as const).flatMap((stage) =>
      standby[stage].map((section, index) => [['standby', stage, index], section] as const),
    ),
  ] as const;
  return [...sections.flatMap(([path, section]) => issue(path, section, HELP_OF_PROFILE)), ...ofTiers];
}

function hostIssue(index: number): PrivacyIssue {
  return { path: ['allowedHosts', index], message: 'expected a host or a block of addresses', help: HELP_OF_HOST };
}

function isHost(host: string): boolean {
  try {
    createHostGuard({ hosts: [host] });
    return true;
  } catch {
    return false;
  }
}
