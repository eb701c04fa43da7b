/** Entry point of the process of the {@link SinkApi}. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { serve } from '../lib/child.js';
import type { SinkApi } from './sink-api.js';

const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
server.on('connection', (_webSocket, { socket }) => {
  // What comes is read from the network and dropped: unmasking it would only take processor time from the other side.
  socket.removeAllListeners('data');
  socket.on('data', () => {});
  socket.resume();
});

serve<SinkApi>(
  {
    async start() {
      if (server.address() === null) await new Promise((resolve) => server.once('listening', resolve));
      const { port } = server.address() as AddressInfo;
      return { url: `ws://127.0.0.1:${port}` };
    },
  },
  async () => {
    for (const client of server.clients) client.terminate();
    server.close();
  },
);
