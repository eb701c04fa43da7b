import type { Speech } from '../../fakes/openai-realtime/index.js';

/** Below this a sample is silence: as the connector has it, 50 dB below full scale. */
const SILENT = 104;

/** Speech from its first audible sample on. */
export function withoutLeadIn({ pcm, sampleRate, words }: Speech): Speech {
  const lead = Math.max(
    0,
    pcm.findIndex((sample) => Math.abs(sample) > SILENT),
  );
  const leadMs = (lead * 1000) / sampleRate;
  return {
    pcm: pcm.slice(lead),
    sampleRate,
    words: words.map(({ text, startMs }) => ({ text, startMs: Math.max(0, startMs - leadMs) })),
  };
}
