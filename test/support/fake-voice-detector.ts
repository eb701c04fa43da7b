import type { VoiceDetector } from '../../src/media/voice/vad.js';

/** Calls every frame voiced that has a sample of some level, and reports speech with the first and after the last of them. */
export class FakeVoiceDetector implements VoiceDetector {
  changed: 'started' | 'stopped' | undefined;
  speaking = false;
  speechMs = 0;
  onsetMsAgo = 0;

  get stirring(): boolean {
    return this.speaking;
  }

  process(samples: Int16Array): boolean {
    const voiced = samples.some((sample) => Math.abs(sample) > 500);
    this.changed = undefined;
    if (voiced !== this.speaking) {
      this.changed = voiced ? 'started' : 'stopped';
      this.onsetMsAgo = 20;
      if (voiced) this.speechMs = 0;
    }
    this.speaking = voiced;
    if (voiced) this.speechMs += 20;
    return voiced;
  }

  reset(): void {
    this.changed = undefined;
    this.speaking = false;
    this.speechMs = 0;
  }
}
