/** What a description asks for in its `a=fmtp` of Opus (RFC 7587 section 6.1): what its writer wants to be sent. */
export interface OpusParameters {
  /** Hz. */
  readonly maxPlaybackRate: number;
  /** Bits a second, of one channel. */
  readonly maxAverageBitrate: number;
  readonly inbandFec: boolean;
  readonly dtx: boolean;
  readonly constantBitrate: boolean;
}

/** What holds where nothing is said; RFC 7587 section 7.1: 6000 to 510,000 bits a second. */
const DEFAULT_PLAYBACK_RATE = 48_000;
const LOWEST_BITRATE = 6_000;
const HIGHEST_BITRATE = 510_000;

/**
 * What we say of ourselves: one channel, played and sent up to 12 kHz of sound, error correction of use. Nothing is said
 * of DTX: we would rather hear a caller breathe.
 */
export const OPUS_FORMAT_PARAMETERS = 'maxplaybackrate=24000;sprop-maxcapturerate=24000;stereo=0;useinbandfec=1';

/** Reads the parameters; what is missing or makes no sense is as if it were not there. */
export function readOpusParameters(text = ''): OpusParameters {
  const given = new Map<string, number>();
  for (const parameter of text.split(';')) {
    const [name = '', value = ''] = parameter.split('=');
    if (/^\s*\d{1,7}\s*$/.test(value)) given.set(name.trim().toLowerCase(), Number(value));
  }
  const playbackRate = given.get('maxplaybackrate') ?? DEFAULT_PLAYBACK_RATE;
  const bitrate = given.get('maxaveragebitrate') ?? HIGHEST_BITRATE;
  return {
    maxPlaybackRate:
      playbackRate >= 8000 && playbackRate <= DEFAULT_PLAYBACK_RATE ? playbackRate : DEFAULT_PLAYBACK_RATE,
    maxAverageBitrate: Math.min(Math.max(bitrate, LOWEST_BITRATE), HIGHEST_BITRATE),
    inbandFec: given.get('useinbandfec') === 1,
    dtx: given.get('usedtx') === 1,
    constantBitrate: given.get('cbr') === 1,
  };
}
