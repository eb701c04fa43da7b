import { createFliteVoice } from '../cascade/flite/flite-voice.js';
import { toPhoneSamples } from '../phone/phone-samples.js';
import type { CallerLine } from './caller.js';
import type { LineText } from './scenario.js';

/** The voice of the caller; agents speak with another. */
const CALLER_VOICE = 'rms';

/** Speaks the caller's lines. Rejects with `ERR_SPEECH`, and with the reason of `signal`. */
export async function synthesiseLines<Line extends string>(
  lines: Readonly<Record<Line, LineText>>,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<Line, CallerLine>>> {
  await using voice = createFliteVoice({ voice: CALLER_VOICE });
  const spoken: Partial<Record<Line, CallerLine>> = {};
  for (const name of namesOf(lines)) {
    const { text, spokenAs = text } = lines[name];
    const { pcm, sampleRate } = await voice.speak(spokenAs, signal);
    spoken[name] = { text, samples: toPhoneSamples({ samples: pcm, sampleRate }) };
  }
  return spoken as Readonly<Record<Line, CallerLine>>;
}

function namesOf<Name extends string>(record: Readonly<Record<Name, unknown>>): readonly Name[] {
  return Object.keys(record) as Name[];
}
