import type { AudioFormat, FlavorCapabilities } from '../../flavor-api/index.js';

/** Formats of one session. */
export interface SessionFormats {
  readonly input: AudioFormat;
  readonly output: AudioFormat;
}

/** What each phone codec is to whoever speaks it. */
export const phoneFormats = {
  pcmu: { encoding: 'mulaw', sampleRate: 8000 },
  pcma: { encoding: 'alaw', sampleRate: 8000 },
  g722: { encoding: 'pcm16', sampleRate: 16_000 },
  opus: { encoding: 'pcm16', sampleRate: 24_000 },
} as const satisfies Record<string, AudioFormat>;

/**
 * The formats of a session. Where the flavor's two lists share a format, one and the same for both directions: the
 * phone's own if it is among them (pass-through, no transcoding); for a wideband phone the nearest rate that loses nothing
 * of it, else the highest; for others the first. Otherwise each direction chooses so for itself.
 */
export function chooseFormats(codec: keyof typeof phoneFormats, capabilities: FlavorCapabilities): SessionFormats {
  const phone = phoneFormats[codec];
  const { input, output } = capabilities;
  const shared = choose(
    phone,
    input.filter((format) => output.some((other) => isSame(other, format))),
  );
  const formats = { input: shared ?? choose(phone, input), output: shared ?? choose(phone, output) };
  if (!formats.input || !formats.output) throw new TypeError('a flavor must name at least one input and output format');
  return { input: formats.input, output: formats.output };
}

function choose(phone: AudioFormat, offered: readonly AudioFormat[]): AudioFormat | undefined {
  const own = offered.find((format) => isSame(format, phone));
  if (own || phone.sampleRate === 8000) return own ?? offered[0];
  const byRate = offered.toSorted((one, other) => one.sampleRate - other.sampleRate);
  return byRate.find(({ sampleRate }) => sampleRate >= phone.sampleRate) ?? byRate.at(-1);
}

function isSame(one: AudioFormat, other: AudioFormat): boolean {
  return one.encoding === other.encoding && one.sampleRate === other.sampleRate;
}
