/** Half a second of both sides: interleaved little-endian 16-bit samples, caller first. `index`: half seconds before it. */
export interface RecordedBlock {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** What a recording is written to, block by block. Everything rejects when the disk does; it is closed then. */
export interface RecordingFile {
  /** Writes how a file begins. Called once, before anything else. */
  begin(): Promise<void>;
  /** Takes the next half second; blocks that were left out before it are silence. It belongs to the caller again afterwards. */
  write(block: RecordedBlock): Promise<void>;
  /** The file can be played up to here, or nearly, even if nobody ever finishes it. */
  settle(): Promise<void>;
  /** The sound ends there: left and right samples since its beginning. Nothing is written afterwards. */
  finish(frames: number): Promise<void>;
  /** Gives the file back, finished or not. */
  close(): Promise<void>;
}

/** Creates the file, readable by its owner only, or empties an existing one. */
export type CreateRecordingFile = (path: string) => Promise<RecordingFile>;
