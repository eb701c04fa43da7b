import type { ServiceName } from './handshake.js';

/** A connection from upgrade to end. Times are of the fake's clock, ms. */
export interface ConnectionRecord {
  readonly service: ServiceName;
  /** The query as it came, without the key. */
  readonly query: string;
  /** How the client showed who it is. */
  readonly credential: 'header' | 'query' | 'token';
  readonly openedAtMs: number;
  closedAtMs?: number;
  closeCode?: number;
  /** Caller audio received, ms. */
  audioMs: number;
  /** The most that caller audio was ahead of real time, ms. */
  aheadMs: number;
  /** JSON and SSML received, in order. */
  readonly messages: MessageRecord[];
}

export interface MessageRecord {
  readonly path: string;
  readonly requestId: string;
  /** Parsed JSON, or the SSML. */
  readonly body: unknown;
}

/** A segment that a caller was understood to say. */
export interface SegmentRecord {
  readonly requestId: string;
  readonly startedAtMs: number;
  /** Receipt of the last voiced frame. */
  lastVoicedAtMs: number;
  text?: string;
}

/** A piece of text that was spoken. */
export interface SpeechRecord {
  readonly requestId: string;
  readonly text: string;
  readonly voice: string;
  readonly format: string;
  readonly askedAtMs: number;
  firstAudioAtMs?: number;
  doneAtMs?: number;
  stopped: boolean;
  /** Audio sent, ms. */
  audioMs: number;
}

/** All that the fake has seen. Oldest first. */
export class Timeline {
  readonly connections: ConnectionRecord[] = [];
  readonly segments: SegmentRecord[] = [];
  readonly speeches: SpeechRecord[] = [];

  clear(): void {
    for (const records of [this.connections, this.segments, this.speeches]) records.length = 0;
  }
}
