import { compileFlite, synthesise } from '../../src/cascade/flite/synthesise.mjs';
import type { FliteVoiceName } from '../../src/cascade/index.js';
import { createResampler } from '../../src/media/resampler.js';

let compiled: ReturnType<typeof compileFlite> | undefined;
const spoken = new Map<string, Int16Array>();

/**
 * Synthetic speech at 16 kHz, in this thread. Deterministic; repeated texts are made once. The result is shared: do not
 * write to it.
 */
export async function speak(text: string, voice: FliteVoiceName = 'slt'): Promise<Int16Array> {
  compiled ??= compileFlite();
  const key = `${voice}:${text}`;
  const known = spoken.get(key);
  if (known !== undefined) return known;
  const { pcm } = synthesise(await compiled, voice, text);
  spoken.set(key, pcm);
  return pcm;
}

/** The same at 8 kHz. */
export async function speak8k(text: string, voice: FliteVoiceName = 'slt'): Promise<Int16Array> {
  return createResampler(16_000, 8000)
    .process(await speak(text, voice))
    .slice();
}
