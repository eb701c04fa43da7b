import type { AudioFormat } from 'sip-voice-connector/flavor';
import { broken, withFlavor } from './breaking.js';

// As a flavor in JavaScript may have it: the connector would refuse it, whatever the other checks say.
const cd: AudioFormat = JSON.parse('{"encoding":"pcm16","sampleRate":44100}');

export default broken(
  2,
  /capabilities\.output names \{"encoding":"pcm16","sampleRate":44100\}, which is no format/,
  withFlavor(({ capabilities }) => ({ capabilities: { ...capabilities, output: [...capabilities.output, cd] } })),
);
