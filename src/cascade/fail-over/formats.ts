import { type AudioFormat, FlavorError } from '../../flavor-api/index.js';

/**
 * Formats that all of them take, in the order of the first.
 *
 * @throws FlavorError `ERR_FLAVOR_CONFIG` where there is none: engines that stand in for each other share one.
 */
export function commonFormats(lists: readonly (readonly AudioFormat[])[]): readonly AudioFormat[] {
  const [first = [], ...others] = lists;
  const common = first.filter(({ encoding, sampleRate }) =>
    others.every((formats) =>
      formats.some((format) => format.encoding === encoding && format.sampleRate === sampleRate),
    ),
  );
  if (common.length === 0) {
    throw new FlavorError(
      'ERR_FLAVOR_CONFIG',
      'engines that stand in for each other have no audio format in common',
      false,
    );
  }
  return common;
}
