import type { ServiceName } from './handshake.js';

/** A connection from upgrade to end. Times are of the fake's clock, ms. */
export interface ConnectionRecord {
  /** Counted from 1, whatever the service. */
  readonly id: number;
  readonly service: ServiceName;
  /** The query as it came. */
  readonly query: string;
  readonly openedAtMs: number;
  closedAtMs?: number;
  closeCode?: number;
  /** Audio received, ms. */
  audioMs: number;
  /** The most that audio was ahead of the time since it began, at 1.25 times real time, ms. */
  aheadMs: number;
  /** Control messages received, in order. */
  readonly messages: Readonly<Record<string, unknown>>[];
}

/** Something that a caller was understood to say. */
export interface TurnRecord {
  readonly service: ServiceName;
  /** Its connection's number. */
  readonly connection: number;
  readonly startedAtMs: number;
  /** Receipt of the last voiced frame. */
  lastVoicedAtMs: number;
  /** The end was known; and when its last words had been told as final, delays of the script included. */
  endedAtMs?: number;
  toldAtMs?: number;
  text?: string;
}

/** Text that was spoken: between two `Flush`, or an answer of the agent's. */
export interface SpeechRecord {
  /** Counted from 0. */
  readonly number: number;
  readonly service: ServiceName;
  /** Its connection's number. */
  readonly connection: number;
  readonly text: string;
  readonly askedAtMs: number;
  firstAudioAtMs?: number;
  doneAtMs?: number;
  cancelled: boolean;
  /** Audio sent, ms. */
  audioMs: number;
}

/** What the agent's model was given for one answer. */
export interface RequestRecord {
  readonly atMs: number;
  readonly prompt: string;
}

/** All that the fake has seen. Oldest first. */
export class Timeline {
  readonly connections: ConnectionRecord[] = [];
  readonly turns: TurnRecord[] = [];
  readonly speeches: SpeechRecord[] = [];
  readonly requests: RequestRecord[] = [];

  clear(): void {
    for (const records of [this.connections, this.turns, this.speeches, this.requests]) records.length = 0;
  }
}
