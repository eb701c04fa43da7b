export interface SpeechEventsOptions {
  /** Rate that is said in an event of its own before the rest, Hz; OpenAI says none. */
  readonly info?: number;
  readonly usage: object;
}

/** Speech as server-sent events: `info` where there is one, `delta`s, `done`. */
export async function* speechEvents(
  parts: AsyncIterable<Buffer>,
  { info, usage }: SpeechEventsOptions,
): AsyncGenerator<Buffer> {
  if (info !== undefined) {
    yield line({ type: 'speech.audio.info', sample_rate: info, channels: 1, bits_per_sample: 16 });
  }
  for await (const part of parts) yield line({ type: 'speech.audio.delta', audio: part.toString('base64') });
  yield line({ type: 'speech.audio.done', usage });
}

function line(event: object): Buffer {
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
}
