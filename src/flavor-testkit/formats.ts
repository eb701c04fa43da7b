import type { AudioFormat, FlavorCapabilities } from '../flavor-api/index.js';

/** The pairs of formats that a host can choose: one for both directions where the lists share any. */
export function formatsOf(
  capabilities: FlavorCapabilities,
): readonly { readonly input: AudioFormat; readonly output: AudioFormat }[] {
  const same = capabilities.input.flatMap((input) =>
    capabilities.output
      .filter((output) => output.encoding === input.encoding && output.sampleRate === input.sampleRate)
      .map((output) => ({ input, output })),
  );
  if (same.length > 0) return same;
  const [input] = capabilities.input;
  const [output] = capabilities.output;
  if (!input || !output) return [];
  return [
    ...capabilities.input.map((each) => ({ input: each, output })),
    ...capabilities.output.slice(1).map((each) => ({ input, output: each })),
  ];
}
