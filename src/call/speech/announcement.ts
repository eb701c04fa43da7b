/** Words of the operator's: text for a voice, or a recording, whose text then is its transcript. At least one is set. */
export interface Saying {
  readonly text?: string;
  /** Absolute path of a WAVE file. */
  readonly wav?: string;
}

/**
 * Words of the operator's, or `instructions` by which the agent does and says what it sees fit. The words are then for
 * where no agent can.
 */
export interface Cue extends Saying {
  readonly instructions?: string;
}

/** Something the host itself can play to a caller, in no flavor's voice. */
export interface Announcement {
  /** What is heard; empty where a recording has no transcript. */
  readonly text: string;
  /** Mono, 16 bits. */
  readonly samples: Int16Array;
  readonly sampleRate: 8000 | 16000;
}

/** Makes announcements. One for a configuration; keeps what it has made. */
export interface Announcer {
  /** `saying.text` is filled in already. Rejects with `ERR_AUDIO_FILE` or `ERR_SPEECH`. */
  prepare(saying: Saying): Promise<Announcement>;
}
