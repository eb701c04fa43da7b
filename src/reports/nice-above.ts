/** The next number from `value` on that is one of `steps` times a power of ten. @param steps rising, from 1 to below 10 */
export function niceAbove(steps: readonly number[], value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return (steps.find((step) => step * power >= value) ?? 10) * power;
}
