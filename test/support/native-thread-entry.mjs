import { fileURLToPath } from 'node:url';
import { startNativeThread } from '../../dist/src/media/native/native-thread.js';

/** A media thread with the add-on that `native-addon.ts` has built. */
startNativeThread(fileURLToPath(new URL('../../.tools/native/media-datagrams.node', import.meta.url)));
