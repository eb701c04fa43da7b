/** Requests and values of libopus (`opus_defines.h`). */
export const ctl = {
  bitrate: 4002,
  maxBandwidth: 4004,
  vbr: 4006,
  complexity: 4010,
  inbandFec: 4012,
  packetLoss: 4014,
  dtx: 4016,
  signal: 4024,
  resetState: 4028,
  /** Application and signal type. */
  voip: 2048,
  voice: 3001,
} as const;
