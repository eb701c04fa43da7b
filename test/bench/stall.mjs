/**
 * Loaded by `--import` into the connector that is measured: its main thread computes for 30 ms in every 100, as long JSON
 * or a careless flavor would make it. Threads inherit the option; they are left alone.
 */
import { isMainThread } from 'node:worker_threads';

const EVERY_MS = 100;
const FOR_MS = 30;

if (isMainThread) {
  setInterval(() => {
    const endMs = performance.now() + FOR_MS;
    while (performance.now() < endMs);
  }, EVERY_MS).unref();
}
