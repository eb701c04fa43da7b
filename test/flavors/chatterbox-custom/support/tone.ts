/** A voice for tests that do not listen to words: 50 ms for each letter, 16 kHz, with a dip between words. */
export function toneVoice(text: string): Int16Array {
  const perLetter = 800;
  const samples = new Int16Array(text.length * perLetter);
  for (let i = 0; i < samples.length; i += 1) {
    const letter = text[Math.floor(i / perLetter)] ?? ' ';
    const hz = 150 + (letter.charCodeAt(0) % 32) * 40;
    samples[i] = letter === ' ' ? 0 : 8_000 * Math.sin((2 * Math.PI * hz * i) / 16_000);
  }
  return samples;
}
