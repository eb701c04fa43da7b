/** The wire protocol between the reference flavor and its fake provider: JSON over a WebSocket. */

export interface WireTool {
  readonly id: string;
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export type ToProvider =
  | { readonly type: 'open'; readonly history: readonly string[]; readonly tools: readonly string[] }
  /** mu-law, 8000 Hz, base64. */
  | { readonly type: 'audio'; readonly data: string }
  | { readonly type: 'end-turn' }
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'digits'; readonly digits: string }
  /** Ends every reply asked for so far; later ones carry the number. */
  | { readonly type: 'cancel'; readonly generation: number }
  /** What of a reply was heard; the rest never happened. */
  | { readonly type: 'cut'; readonly id: string; readonly heardText: string }
  | { readonly type: 'tool-results'; readonly results: readonly string[]; readonly reply: boolean }
  | { readonly type: 'update'; readonly instructions: string };

export type FromProvider =
  | { readonly type: 'ready' }
  | { readonly type: 'heard'; readonly turn: number; readonly text: string }
  | {
      readonly type: 'speech';
      readonly id: string;
      readonly generation: number;
      readonly text: string;
      readonly atMs: number;
      readonly data: string;
    }
  | { readonly type: 'speech-done'; readonly id: string; readonly generation: number }
  | { readonly type: 'tools'; readonly calls: readonly WireTool[] }
  | { readonly type: 'error'; readonly status: number };
