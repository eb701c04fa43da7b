import { fileURLToPath } from 'node:url';

// The build is there when tests run, but not when types are checked.
const built = new URL('../../dist/src/media/native/native-thread.js', import.meta.url);
const { startNativeThread } = await import(built.href);

/** A media thread with the add-on that `native-addon.ts` has built. */
await startNativeThread(fileURLToPath(new URL('../../.tools/native/media-datagrams.node', import.meta.url)));
