/** Never; where the peer does it too; no call without it. */
export type SrtpConfig = 'off' | 'optional' | 'required';

export interface MediaConfig {
  readonly engine: 'auto' | 'worker' | 'native';
  readonly bind: string;
  readonly advertise: string | undefined;
  readonly ports: { readonly min: number; readonly max: number };
  /** The mark of RTP and RTCP (RFC 2474), 0 to 63; absent: the system's. */
  readonly dscp?: number | undefined;
  readonly codecs: readonly ('pcmu' | 'pcma' | 'g722' | 'opus')[];
  /** The library, and what our encoder is set to: bits a second, and 0 to 10. */
  readonly opus: {
    readonly library: '@evan/opus' | 'node-opus';
    readonly bitrate: number;
    readonly complexity: number;
  };
  readonly jitter: { readonly minMs: number; readonly maxMs: number };
  /** Keys in SDP (RFC 4568). */
  readonly srtp: SrtpConfig;
  /** Whether offers with DTLS and ICE are answered. */
  readonly webRtc: boolean;
  readonly latching: {
    readonly nat: boolean;
    readonly strict: boolean;
    /** CIDR blocks; absent: from anywhere. */
    readonly from?: readonly string[];
  };
  readonly dtmf: { readonly inband: boolean };
  /** `model`: absolute path; always there for `silero`. */
  readonly vad: { readonly engine: 'energy' | 'silero'; readonly model?: string };
  readonly portRestSeconds: number;
}
