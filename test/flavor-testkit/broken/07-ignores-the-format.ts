import type { FlavorCapabilities } from 'sip-voice-connector/flavor';
import { broken, withFlavor } from './breaking.js';

const wide = { encoding: 'pcm16', sampleRate: 16000 } as const;

/** Offers two formats and speaks mu-law in either. */
export default broken(
  7,
  /one of them is not in the agreed format/,
  withFlavor((flavor) => {
    const input: FlavorCapabilities['input'] = [...flavor.capabilities.input, wide];
    return { capabilities: { ...flavor.capabilities, input, output: input } };
  }),
);
