import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec';
import type { AudioFormat } from './audio.js';

/** What a flavor package says about itself, without network or secrets. */
export interface FlavorManifest<Config = unknown> {
  /** Kebab-case; unique among the flavors of one connector. */
  readonly id: string;
  readonly displayName: string;
  readonly apiVersion: 1;
  /**
   * Validates the flavor's section of the config file (without `use`) and describes it as JSON Schema. A zod 4 schema
   * satisfies both sides. Properties marked `writeOnly` are secrets: redacted wherever a config is printed.
   * Of those marked `folder: true`, paths of folders, `check` and `run` warn where there is none.
   */
  readonly configSchema: StandardSchemaV1<unknown, Config> & StandardJSONSchemaV1<unknown, Config>;
}

/** What a flavor can do, once its configuration is known. The host decides by these, never by names. */
export interface FlavorCapabilities {
  readonly kind: 'cascade' | 'speech-to-speech';
  /**
   * Preference order. The host passes the caller's codec through untouched when it appears here. It chooses one and the
   * same format for both directions whenever the two lists share one.
   */
  readonly input: readonly AudioFormat[];
  readonly output: readonly AudioFormat[];
  /** Who decides that the caller has finished, or has started to interrupt. */
  readonly turnTaking: 'flavor' | 'host';
  /** Can rewrite its own history to what the caller actually heard. */
  readonly truncation: boolean;
  readonly tools: boolean;
  /** May call a second tool before the first has its result; then one answer covers all of them. Absent: false. */
  readonly parallelTools?: boolean;
  /**
   * `speak({ text })` and the route's greeting are spoken word for word, and `text` events carry those words. False:
   * a request for exact words is answered by a `warning`, or spoken as the flavor sees fit.
   */
  readonly verbatimSpeech: boolean;
  /** False: it has no model that would follow `speak({ instructions })`, and answers that by a `warning`. Absent: true. */
  readonly instructions?: boolean;
  /** Wants `onVoice` and `onOnset` from the host's VAD. */
  readonly needsVad: boolean;
  /**
   * A barge-in means something here: the host pauses on the caller's onset and flushes when it is confirmed. False for
   * flavors whose audio is not speech of an agent, such as a bare echo.
   */
  readonly interruptible: boolean;
  /**
   * With `turnTaking: flavor`: silence of the caller after which it takes its turn at the latest, ms. The host takes a
   * flavor that stays silent for much longer as out of order. Absent: what is usual, about half a second.
   */
  readonly endOfTurnMs?: number;
  /** Speaks first, with a greeting of its configuration's, when the call brings none. Absent: false. */
  readonly greets?: boolean;
  /** The caller's digits mean something to the agent. Absent or false: `onDtmf` is taken and ignored. */
  readonly dtmf?: boolean;
  /** `update` changes a running session. Absent or false: it rejects with `ERR_FLAVOR_UNSUPPORTED`. */
  readonly updatable?: boolean;
}
