import type { AudioFormat, FlavorCapabilities } from '../flavor-api/index.js';

/** Formats of one session. */
export interface SessionFormats {
  readonly input: AudioFormat;
  readonly output: AudioFormat;
}

const phoneFormats = {
  pcmu: { encoding: 'mulaw', sampleRate: 8000 },
  pcma: { encoding: 'alaw', sampleRate: 8000 },
} as const satisfies Record<string, AudioFormat>;

/** The phone's own format where the flavor takes it (pass-through, no transcoding), else the flavor's first choice. */
export function chooseFormats(codec: keyof typeof phoneFormats, capabilities: FlavorCapabilities): SessionFormats {
  return {
    input: choose(phoneFormats[codec], capabilities.input),
    output: choose(phoneFormats[codec], capabilities.output),
  };
}

function choose(phone: AudioFormat, offered: readonly AudioFormat[]): AudioFormat {
  const same = offered.find((format) => format.encoding === phone.encoding && format.sampleRate === phone.sampleRate);
  const chosen = same ?? offered[0];
  if (!chosen) throw new TypeError('a flavor must name at least one input and one output format');
  return chosen;
}
