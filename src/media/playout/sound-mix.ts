/** Adds `sound` to `samples`, in place; what leaves 16 bits is clipped. `sound` is no longer than `samples`. */
export function mixInto(samples: Int16Array, sound: Int16Array): void {
  for (let i = 0; i < sound.length; i += 1) {
    const sum = (samples[i] as number) + (sound[i] as number);
    samples[i] = sum > 32_767 ? 32_767 : sum < -32_768 ? -32_768 : sum;
  }
}
