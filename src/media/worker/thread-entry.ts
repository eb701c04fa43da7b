import { parentPort, workerData } from 'node:worker_threads';
import { createSystemClock } from '../../base/clock.js';
import { createSystemRandom } from '../../base/random.js';
import { rehearse } from '../rehearsal.js';
import { RtpSocketsTransport } from '../sockets/rtp-sockets.js';
import { MEDIA_NICE, setThreadNice } from '../thread-nice.js';
import { BlockingSlotTimer } from './blocking-slot-timer.js';
import { MediaThread } from './media-thread.js';
import type { ThreadOrder, ThreadSetup } from './thread-messages.js';

/** Where a media thread begins. */

const setup: ThreadSetup = workerData;
await rehearse(setup.options);
// Not before: compiling what was rehearsed is work for the others.
setThreadNice(MEDIA_NICE);
const clock = createSystemClock(setup.originMs);
const transport = new RtpSocketsTransport(clock);
const thread = new MediaThread(
  setup,
  {
    clock,
    random: createSystemRandom(),
    transport,
    timer: new BlockingSlotTimer(clock, () => transport.isMoreToRead()),
  },
  (message) => parentPort?.postMessage(message),
);
parentPort?.on('message', (order: ThreadOrder) => thread.receive(order));
