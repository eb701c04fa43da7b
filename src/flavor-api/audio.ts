/**
 * A format in which audio crosses the contract. Mono always; `pcm16` is signed, little-endian. `mulaw` and `alaw` are
 * ITU-T G.711, one byte a sample. Opus is not a format of version 1: byte chunks carry no packet boundaries.
 */
export interface AudioFormat {
  readonly encoding: 'pcm16' | 'mulaw' | 'alaw';
  /** Hz. */
  readonly sampleRate: 8000 | 16000 | 24000 | 48000;
}

/** 20 ms of caller audio, already de-jittered, in `CallContext.input`. */
export interface AudioFrame {
  /** Borrowed: the host reuses the memory after `write` returns. Copy it to keep it. */
  readonly data: Uint8Array;
  /** Position on the call's own sample clock, ms; gap-free, so it doubles as the input clock. */
  readonly positionMs: number;
  /** True when the host invented this frame: a lost packet, or a phone that sends nothing during silence. */
  readonly concealed: boolean;
}

/** Bytes that one sample takes in `encoding`. */
export function bytesPerSample(encoding: AudioFormat['encoding']): 1 | 2 {
  return encoding === 'pcm16' ? 2 : 1;
}

/** Bytes that one millisecond of `format` takes. */
export function bytesPerMs(format: AudioFormat): number {
  return (format.sampleRate / 1000) * bytesPerSample(format.encoding);
}
