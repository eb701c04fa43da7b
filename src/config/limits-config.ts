/** What calls may use up. */
export interface LimitsConfig {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly perSourcePerSecond: number;
  readonly callSeconds: number;
  readonly rtpTimeoutSeconds: number;
  readonly silenceSeconds: number;
}
