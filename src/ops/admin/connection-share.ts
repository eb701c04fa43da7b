import type { Server, Socket } from 'node:net';
import { sourceKey } from '../source-key.js';

/**
 * Closes connections of a peer that has `most` already (IPv6: of its /64): whoever holds all that there are must not keep
 * out the supervisor, which would take the process for dead and end its calls.
 */
export function shareConnections(server: Server, most: number): void {
  const held = new Map<string, number>();
  server.on('connection', (socket: Socket) => {
    const source = sourceKey(socket.remoteAddress ?? '');
    const count = held.get(source) ?? 0;
    if (count >= most) {
      socket.destroy();
      return;
    }
    held.set(source, count + 1);
    socket.once('close', () => {
      const left = (held.get(source) ?? 1) - 1;
      if (left > 0) held.set(source, left);
      else held.delete(source);
    });
  });
}
