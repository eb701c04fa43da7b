import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { SlowestFirst } from './test/tools/slowest-first.js';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export default defineConfig({
  resolve: {
    // The package imports itself by name, as a third-party flavor would; tests run on the sources.
    alias: {
      'sip-voice-connector/flavor-testkit': source('./src/flavor-testkit/index.ts'),
      'sip-voice-connector/flavor': source('./src/flavor-api/index.ts'),
      'sip-voice-connector/tools': source('./src/tools/index.ts'),
      'sip-voice-connector/cascade': source('./src/cascade/index.ts'),
    },
  },
  test: {
    include: ['test/**/*.test.ts'],
    // What hangs is ended; a busy machine, which takes its time for starting processes, is not.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 30_000, interval: 20 } },
    maxWorkers: 2,
    sequence: { sequencer: SlowestFirst },
  },
});
