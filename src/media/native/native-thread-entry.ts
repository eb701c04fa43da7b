import { findDatagrams } from './datagrams.js';
import { startNativeThread } from './native-thread.js';

/** Where a media thread begins that has the add-on. */

await startNativeThread(findDatagrams() ?? 'media-datagrams.node');
