import type { AudioFormat, FlavorEvent, PlayoutReport } from '../flavor-api/index.js';

/** An event as the host received it. */
export interface LoggedEvent {
  readonly event: FlavorEvent;
  /** Milliseconds since the call's first frame, on the caller's clock. */
  readonly positionMs: number;
  /** Wall milliseconds, monotonic. */
  readonly atMs: number;
  /** For `audio`: whether it is loud enough to be heard. */
  readonly voiced: boolean;
  /** For `audio`: the bytes as they arrived, to find out whether the flavor writes into them later. */
  readonly copy: Uint8Array | undefined;
}

/** All that happened between host and session in one call. */
export interface CallLog {
  readonly output: AudioFormat;
  readonly events: readonly LoggedEvent[];
  readonly reports: readonly PlayoutReport[];
  /** Methods of the session that threw though they must not, with what they threw. */
  readonly thrown: readonly { readonly method: string; readonly error: unknown }[];
  /** What came out of the iterator after `end`; `undefined` when it finished as it should. */
  readonly afterEnd: 'more events' | 'never finished' | undefined;
  /** Index into `events` at the moment `start()` was called; `undefined` before. */
  readonly startedAt: number | undefined;
}

/** Ids of responses that emitted `audio` or `text`, in order of their first. */
export function responseIds(events: readonly LoggedEvent[]): readonly string[] {
  const ids = new Set<string>();
  for (const { event } of events) {
    if (event.type === 'audio' || event.type === 'text') ids.add(event.responseId);
  }
  return [...ids];
}

/** The concatenated `text` of a response. */
export function responseText(events: readonly LoggedEvent[], responseId: string): string {
  let text = '';
  for (const { event } of events) {
    if (event.type === 'text' && event.responseId === responseId) text += event.text;
  }
  return text;
}

/** Bytes of audio of a response. */
export function responseBytes(events: readonly LoggedEvent[], responseId: string): number {
  let bytes = 0;
  for (const { event } of events) {
    if (event.type === 'audio' && event.responseId === responseId) bytes += event.data.length;
  }
  return bytes;
}
