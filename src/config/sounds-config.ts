/** What a caller hears besides words. */
export interface SoundsConfig {
  readonly ambient?: SoundConfig;
  /** `afterMs`: once the caller has waited for so long. */
  readonly thinking?: SoundConfig & { readonly afterMs: number };
  readonly hold?: SoundConfig;
}

/** `wav`: absolute path. `levelDb`: how loud it is to be heard whatever the file is, dBFS (RMS). */
export interface SoundConfig {
  readonly wav: string;
  readonly levelDb: number;
}
