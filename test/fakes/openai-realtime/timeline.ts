/** A session from upgrade to end. Times are of the fake's clock, ms. */
export interface SessionRecord {
  readonly sessionId: string;
  readonly openedAtMs: number;
  closedAtMs?: number;
  closeCode?: number;
  /** Audio bytes appended by the client, after base64. */
  bytesAppended: number;
}

/** A turn of the caller's: between the start and the end of speech, or one committed by hand. */
export interface TurnRecord {
  readonly sessionId: string;
  readonly itemId: string;
  speechStartedAtMs?: number;
  speechStoppedAtMs?: number;
  committedAtMs?: number;
  /** Receipt of the append with the last voiced frame. */
  lastVoicedAtMs?: number;
  /** What the mind understood. */
  heard?: string;
}

/** A response of the model's. */
export interface ResponseRecord {
  readonly sessionId: string;
  readonly responseId: string;
  /** The turn that it answers. */
  readonly turn?: TurnRecord;
  readonly createdAtMs: number;
  /** When its first audio was due: the provider's scripted delay has passed. */
  dueAtMs?: number;
  firstAudioAtMs?: number;
  lastAudioAtMs?: number;
  doneAtMs?: number;
  status?: string;
  itemId?: string;
  text?: string;
  /** Audio sent, ms. */
  audioMs: number;
}

export interface TruncationRecord {
  readonly sessionId: string;
  readonly itemId: string;
  readonly atMs: number;
  readonly audioEndMs: number;
  /** Audio of the item that was sent before the cut, ms; 0 for an unknown item. */
  readonly audioMs: number;
  readonly refused: boolean;
}

export interface CancellationRecord {
  readonly sessionId: string;
  readonly responseId: string;
  readonly atMs: number;
  readonly reason: 'turn_detected' | 'client_cancelled';
  /** Audio sent before, ms. */
  readonly audioMs: number;
}

/** What a response was asked for with: the model's memory at that moment. */
export interface RequestRecord {
  readonly sessionId: string;
  readonly responseId: string;
  readonly atMs: number;
  readonly prompt: string;
  /** The most recent cut in this session, if any. */
  readonly truncatedToMs?: number;
}

/** All that the fake has seen, for measurements: who did what, and when. Oldest first. */
export class Timeline {
  readonly sessions: SessionRecord[] = [];
  readonly turns: TurnRecord[] = [];
  readonly responses: ResponseRecord[] = [];
  readonly truncations: TruncationRecord[] = [];
  readonly cancellations: CancellationRecord[] = [];
  readonly requests: RequestRecord[] = [];

  /** Sessions that have not ended. */
  get open(): readonly SessionRecord[] {
    return this.sessions.filter(({ closedAtMs }) => closedAtMs === undefined);
  }

  clear(): void {
    for (const records of [
      this.sessions,
      this.turns,
      this.responses,
      this.truncations,
      this.cancellations,
      this.requests,
    ]) {
      records.length = 0;
    }
  }
}
