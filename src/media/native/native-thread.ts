import { parentPort, workerData } from 'node:worker_threads';
import { createSystemClock } from '../../base/clock.js';
import { compiledEntry } from '../../base/compiled-entry.js';
import { createSystemRandom } from '../../base/random.js';
import { rehearse } from '../rehearsal.js';
import { MEDIA_NICE, setThreadNice } from '../thread-nice.js';
import { MediaThread } from '../worker/media-thread.js';
import type { ThreadOrder, ThreadSetup } from '../worker/thread-messages.js';
import { loadDatagrams } from './datagrams.js';
import { NativeTransport } from './native-transport.js';

/** Low among the real-time priorities: above everything ordinary, below what others run at one on purpose. */
const PRIORITY = 5;

/**
 * Makes this thread a media thread that reaches the network by the add-on.
 *
 * @param addon its path
 */
export async function startNativeThread(addon: string): Promise<void> {
  const setup: ThreadSetup = workerData;
  await rehearse(setup.options);
  const clock = createSystemClock(setup.originMs);
  const transport = new NativeTransport(loadDatagrams(addon), clock, setup.options.dscp);
  if (!transport.becomeRealtime(PRIORITY)) setThreadNice(MEDIA_NICE);
  const thread = new MediaThread(
    setup,
    { clock, random: createSystemRandom(), transport, timer: transport },
    (message) => parentPort?.postMessage(message),
  );
  parentPort?.on('message', (order: ThreadOrder) => thread.receive(order));
}

/** What such a thread runs, with the add-on where `findDatagrams` finds it. */
export function nativeThreadEntry(): URL {
  return compiledEntry('./native-thread-entry.js', import.meta.url);
}
