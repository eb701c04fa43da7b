/** Samples of a sine. @param amplitude peak, 16 bits */
export function tone(hz: number, sampleRate: number, count: number, amplitude = 8000): Int16Array {
  return Int16Array.from({ length: count }, (_, i) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hz * i) / sampleRate)),
  );
}

/** How much of `samples` is a sine of `hz`, of any phase: 0 to 1 of their power (Goertzel). */
export function toneShare(samples: Int16Array, hz: number, sampleRate: number): number {
  let cosine = 0;
  let sine = 0;
  let power = 0;
  samples.forEach((sample, i) => {
    const angle = (2 * Math.PI * hz * i) / sampleRate;
    cosine += sample * Math.cos(angle);
    sine += sample * Math.sin(angle);
    power += sample ** 2;
  });
  return power === 0 ? 0 : (2 * (cosine ** 2 + sine ** 2)) / (power * samples.length);
}

export function rms(samples: Int16Array): number {
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample ** 2, 0) / samples.length);
}
