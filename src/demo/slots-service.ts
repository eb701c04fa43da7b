import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Clock } from '../base/clock.js';

/** How long the salon's calendar takes, ms: longer than a caller likes to hear nothing. */
const LOOK_UP_MS = 1_500;

/** An HTTP service on loopback that stands for the calendar of a salon. */
export interface SlotsService extends AsyncDisposable {
  readonly url: string;
}

/** Starts it on a port of the kernel's choice. Any POST is answered with the free slots, and never quickly. */
export async function startSlotsService(clock: Clock): Promise<SlotsService> {
  const server = createServer((request, response) => {
    request.resume();
    const timer = clock.setTimeout(() => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ free: ['15:30'], price: '38 pounds' }));
    }, LOOK_UP_MS);
    response.on('close', () => clock.clearTimeout(timer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/slots`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
