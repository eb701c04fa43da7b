import { lstat, unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { relative } from 'node:path';
import { errorCode } from '../base/connector-error.js';

/** A lock that the kernel drops when the process dies, however it dies. */
export interface ProcessLock {
  release(): Promise<void>;
}

/**
 * Takes the lock named by `path`: a listening Unix socket, because unlike a file with a process id it cannot outlive its
 * owner and means the same in two containers that share a directory.
 *
 * @returns The lock; `held` when another process (or another owner in this one) has it; `unavailable` where no such
 * socket can be made (a file system without sockets, a name beyond the 107 bytes of `sun_path`).
 */
export async function takeProcessLock(path: string): Promise<ProcessLock | 'held' | 'unavailable'> {
  // Only the shorter spelling may fit into sun_path.
  const fromHere = relative(process.cwd(), path);
  const name = fromHere.length < path.length ? fromHere : path;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const server = await listenOn(name);
    if (typeof server !== 'string') {
      server.unref();
      return { release: () => new Promise((resolve) => server.close(() => resolve())) };
    }
    if (server !== 'EADDRINUSE') return 'unavailable';
    if (await answers(name)) return 'held';
    try {
      if (!(await lstat(name)).isSocket()) return 'unavailable';
      await unlink(name);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') return 'unavailable';
    }
  }
  return 'held';
}

function listenOn(name: string): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error) => resolve(errorCode(error) ?? 'unknown'));
    server.listen(name, () => resolve(server));
  });
}

/** A socket left over by a dead process refuses; anything else is taken for a living owner. */
function answers(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(name);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error) => {
      const code = errorCode(error);
      resolve(code !== 'ECONNREFUSED' && code !== 'ENOENT');
    });
  });
}
