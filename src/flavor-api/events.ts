import type { FlavorError } from './errors.js';

/** Milliseconds from the caller's last voiced sample; the host adds its own jitter and playout share. */
export interface TurnTiming {
  readonly endOfTurnMs?: number;
  readonly transcriptMs?: number;
  readonly firstTokenMs?: number;
  readonly firstAudioMs?: number;
  readonly speculative?: 'hit' | 'miss';
}

/**
 * What providers bill. Each token counts in one unit alone: `input-tokens` are those that came neither out of a cache
 * (`cached-tokens`) nor went into one (`cache-write-tokens`); tokens of sound have units of their own, as they have
 * prices of their own. `machine-ms` is time for which a machine is billed.
 */
export type UsageUnit =
  | 'audio-ms'
  | 'characters'
  | 'machine-ms'
  | 'input-tokens'
  | 'cached-tokens'
  | 'cache-write-tokens'
  | 'output-tokens'
  | 'audio-input-tokens'
  | 'audio-cached-tokens'
  | 'audio-output-tokens';

/**
 * What a flavor tells the host, in order. Grammar: any number of events, then exactly one `end`, then nothing. After
 * `audio-done` no more `audio` or `text` carries that `responseId`. After a flush the host drops what still arrives
 * for it.
 */
export type FlavorEvent =
  /**
   * `data`: `CallContext.output`, whole samples, at most 2 s. Ownership passes to the host. `interruptible: false` with the
   * first audio of a response: it is heard to its end whatever the caller says or presses, such as words that the law
   * demands. What the caller says meanwhile comes by `write` as ever.
   */
  | {
      readonly type: 'audio';
      readonly responseId: string;
      readonly data: Uint8Array;
      readonly interruptible?: boolean;
    }
  | { readonly type: 'audio-done'; readonly responseId: string }
  /** `atMs` counts from the first sample of the response, never decreases, and lets the host know what was heard. */
  | { readonly type: 'text'; readonly responseId: string; readonly text: string; readonly atMs?: number }
  /**
   * The flavor's own detector hears the caller, from `positionMs` on (clock of `AudioFrame.positionMs`). The host pauses
   * for it as for its own, and alone decides.
   */
  | { readonly type: 'speech-started'; readonly positionMs: number }
  /**
   * The end of that. Of sound that goes on, such as music on hold, the host expects no answer before this or a final
   * transcript comes.
   */
  | { readonly type: 'speech-stopped'; readonly positionMs: number }
  /**
   * `text` is all of the turn so far, also where it is not `final`. The sooner a caller's words come, the better the host
   * tells interruptions from "mm-hm".
   */
  | {
      readonly type: 'transcript';
      readonly role: 'caller' | 'agent';
      readonly turnId: string;
      readonly text: string;
      readonly final: boolean;
    }
  /** `responseId`: the speech that goes with the call, so that `hang_up` knows which goodbye to await. */
  | {
      readonly type: 'tool-call';
      readonly id: string;
      readonly responseId?: string;
      readonly name: string;
      readonly arguments: unknown;
    }
  /**
   * Who makes the audio of this response from here on, where a flavor chooses among several, and why: a word each, out of
   * bounded sets. With `left`: it was asked, and is left before anything of it was heard; such as an error code. For the
   * call record and metrics alone.
   */
  | {
      readonly type: 'tier';
      readonly responseId: string;
      readonly tier: string;
      readonly reason: string;
      readonly left?: string;
    }
  | { readonly type: 'turn'; readonly turnId: string; readonly timing: TurnTiming }
  | {
      readonly type: 'usage';
      readonly provider: string;
      readonly model: string;
      readonly unit: UsageUnit;
      readonly quantity: number;
    }
  | { readonly type: 'warning'; readonly error: FlavorError }
  | {
      readonly type: 'end';
      readonly reason: 'completed' | 'aborted' | 'failed';
      readonly error?: FlavorError;
      /**
       * With `completed`: SIP header fields for the BYE, by name, such as what the call was about. What the route writes
       * itself, what the protocol lives by and what is no text is left out; values become one line.
       */
      readonly headers?: Readonly<Record<string, string>>;
    };
