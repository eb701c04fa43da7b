const PREFIX = '{"type":"input_audio_buffer.append","audio":"';
const SUFFIX = '"}';

/** Bytes of the `input_audio_buffer.append` that holds so much audio. */
function messageBytes(audioBytes: number): number {
  return PREFIX.length + Math.ceil(audioBytes / 3) * 4 + SUFFIX.length;
}

/**
 * Messages with audio as they go over the wire, one after the other in the same memory: audio becomes base64 between words
 * that stand there already, and is never part of an object or of a longer string.
 */
export class AppendMessage {
  readonly #audioBytes: number;
  readonly #message: Buffer;

  /** @param audioBytes Of the usual message. */
  constructor(audioBytes: number) {
    this.#audioBytes = audioBytes;
    // Kept as long as the flavor: in the pool it would keep 8 kB.
    this.#message = blank(audioBytes, Buffer.allocUnsafeSlow);
  }

  /** Hot path. Valid until the next call. */
  of(audio: Buffer): Buffer {
    // The last of a stretch is shorter, what is sent again much longer.
    const message = audio.length === this.#audioBytes ? this.#message : blank(audio.length);
    message.write(audio.toString('base64'), PREFIX.length, 'latin1');
    return message;
  }
}

/**
 * The messages of all calls of a flavor: those of one length share their memory, which is full of one call's audio only until
 * it is sent. A call's own would have left the processor's caches by its next message.
 */
export class AppendMessages {
  /** By length; there are as many as formats of the caller's audio. */
  readonly #messages = new Map<number, AppendMessage>();

  /** @param audioBytes Of the usual message. */
  of(audioBytes: number): AppendMessage {
    let message = this.#messages.get(audioBytes);
    if (!message) {
      message = new AppendMessage(audioBytes);
      this.#messages.set(audioBytes, message);
    }
    return message;
  }
}

function blank(audioBytes: number, allocate = Buffer.allocUnsafe): Buffer {
  const message = allocate(messageBytes(audioBytes));
  message.write(PREFIX, 0, 'latin1');
  message.write(SUFFIX, message.length - SUFFIX.length, 'latin1');
  return message;
}
