const RATE = 8000;
/** Of the tune, Hz; three at a time. */
const CHORDS = [
  [262, 330, 392],
  [220, 262, 330],
  [175, 220, 262],
  [196, 247, 294],
] as const;
const CHORD_MS = 500;
/** A peak of each voice, of 32,768: together about as loud as a person. */
const PEAK = 2_000;

/** Music for somebody who waits, 8000 Hz: chords that are struck and fade. */
export function holdMusic(ms: number): Int16Array {
  const samples = new Int16Array(Math.round((ms * RATE) / 1000));
  const chordSamples = (CHORD_MS * RATE) / 1000;
  for (let at = 0; at < samples.length; at += 1) {
    const chord = CHORDS[Math.floor(at / chordSamples) % CHORDS.length] ?? CHORDS[0];
    const fade = Math.exp((-2 * (at % chordSamples)) / chordSamples);
    let value = 0;
    for (const hz of chord) {
      const phase = (2 * Math.PI * hz * at) / RATE;
      value += Math.sin(phase) + Math.sin(2 * phase) / 2;
    }
    samples[at] = Math.round(PEAK * fade * value);
  }
  return samples;
}
