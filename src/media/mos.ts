/**
 * Listening and conversational quality by the E-model, ITU-T G.107 (06/2015), with its default values for everything
 * that a connector cannot see: room noise, loudness and sidetone of the phones, no advantage factor.
 *
 * The narrowband scale for every codec (MOS-CQEN of P.800.1). The wideband one of G.107.1 goes to R 129 and would put G.711
 * some 36 below (G.113 Appendix IV), so that its notes cannot stand beside these; and it has no value for Opus.
 */

/** What the length of a packet adds to the delay of one direction, ms. */
export const PACKET_DELAY_MS = 20;

/** What is known of one direction of a call. */
export interface CallQuality {
  /** Packets that could not be played: lost, or too late. 0 to 1. */
  readonly lossRatio: number;
  /** RFC 3550 interarrival jitter, ms. Twice of it is counted as delay: what a de-jitter buffer needs at least. */
  readonly jitterMs: number;
  /** Mouth-to-ear delay of one direction without de-jittering, ms. */
  readonly delayMs: number;
}

/** G.107 table 2 defaults, and G.113 Appendix I for the codec. */
const defaults = {
  /** Basic signal-to-noise ratio Ro, and simultaneous impairment Is, that all other defaults of table 2 lead to. */
  ro: 94.77,
  is: 1.41,
  /** Talker echo loudness rating, dB. */
  telrDb: 65,
  /** Weighted echo path loss of the listener side, dB. */
  weplDb: 110,
  /** Receive loudness rating, dB. */
  rlrDb: 2,
  /** Sum of all noise at the 0 dBr point, dBm0p, with the default circuit and room noise. */
  noDbm0p: -61.18,
  /**
   * Equipment impairment without loss: 0 for G.711, and for what carries more than the telephone band. The narrow-band
   * model has no better note to give than that of G.711, and one scale for all calls is what can be compared.
   */
  ie: 0,
  /** Packet-loss robustness, with concealment after the manner of G.711 Appendix I, or a decoder's own. */
  bpl: 25.1,
} as const;

/** The transmission rating factor R, 0 to 93.2 here. */
export function estimateR(quality: CallQuality): number {
  const delayMs = Math.max(0, quality.delayMs) + 2 * Math.max(0, quality.jitterMs);
  const lossPercent = 100 * Math.min(Math.max(quality.lossRatio, 0), 1);
  // Equation 7-29, with losses at random: a burst ratio of 1.
  const equipment = defaults.ie + (95 - defaults.ie) * (lossPercent / (lossPercent + defaults.bpl));
  const r = defaults.ro - defaults.is - delayImpairment(delayMs) - equipment;
  return Math.min(Math.max(r, 0), 100);
}

/** Mean opinion score, 1 to 4.5, of `quality` (G.107 Annex B). */
export function estimateMos(quality: CallQuality): number {
  return mosOfR(estimateR(quality));
}

/** G.107 equation B-4. */
export function mosOfR(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6);
}

/** Id, section 7.4: talker echo, listener echo and sheer lateness, all delays alike (T = Ta = Tr / 2). */
function delayImpairment(delayMs: number): number {
  return talkerEcho(delayMs) + listenerEcho(2 * delayMs) + lateness(delayMs);
}

/** Idte, equations 7-20 to 7-24. */
function talkerEcho(delayMs: number): number {
  const terv =
    defaults.telrDb - 40 * Math.log10((1 + delayMs / 10) / (1 + delayMs / 150)) + 6 * Math.exp(-0.3 * delayMs ** 2);
  const re = 80 + 2.5 * (terv - 14);
  const roe = -1.5 * (defaults.noDbm0p - defaults.rlrDb);
  return ((roe - re) / 2 + Math.sqrt((roe - re) ** 2 / 4 + 100) - 1) * (1 - Math.exp(-delayMs));
}

/** Idle, equations 7-25 and 7-26. */
function listenerEcho(roundTripMs: number): number {
  const rle = 10.5 * (defaults.weplDb + 7) * (roundTripMs + 1) ** -0.25;
  return (defaults.ro - rle) / 2 + Math.sqrt((defaults.ro - rle) ** 2 / 4 + 169);
}

/** Idd, equations 7-27 and 7-28. */
function lateness(delayMs: number): number {
  if (delayMs <= 100) return 0;
  const x = Math.log2(delayMs / 100);
  return 25 * ((1 + x ** 6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2);
}
