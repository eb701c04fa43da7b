import { randomUUID } from 'node:crypto';
import { type BigIntStats, linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join, relative } from 'node:path';
import type { Clock } from '../base/clock.js';
import { errorCode } from '../base/connector-error.js';

/** A lock that the kernel drops when the process dies, however it dies. */
export interface ProcessLock {
  release(): Promise<void>;
}

/** After it has taken the place of a dead process, an owner looks so much later whether it still is one, ms. */
const SETTLING_MS = 100;

/**
 * Takes the lock named by `path`: a listening Unix socket, because unlike a file with a process id it cannot outlive its
 * owner and means the same in two containers that share a directory.
 *
 * @returns The lock; `held` when another process (or another owner in this one) has it; `unavailable` where no such
 * socket can be made (a file system without sockets, a name beyond the 107 bytes of `sun_path`).
 */
export async function takeProcessLock(
  path: string,
  { clock }: { readonly clock: Clock },
): Promise<ProcessLock | 'held' | 'unavailable'> {
  // Only the shorter spelling may fit into sun_path.
  const fromHere = relative(process.cwd(), path);
  const name = fromHere.length < path.length ? fromHere : path;
  const id = randomUUID();
  const server = await listenOn(name, id);
  if (typeof server !== 'string') return { release: () => closed(server) };
  if (server !== 'EADDRINUSE') return 'unavailable';
  const found = factsOf(name);
  if (await answers(name)) return 'held';
  if (found !== undefined && !removed(name, found, id)) return 'unavailable';
  return await succeed(name, id, clock);
}

/**
 * Takes the place of a dead process. Bound to a name of its own first: what closes a socket, the end of a process too,
 * removes whatever stands where it was bound, and by then that may be the lock of another who was as quick.
 */
async function succeed(name: string, id: string, clock: Clock): Promise<ProcessLock | 'held' | 'unavailable'> {
  // No longer than most names of locks are: see sun_path. Node takes one that reads like a number, `.29366393`, for a port.
  const own = join(dirname(name), `.x${id.slice(0, 7)}`);
  const server = await listenOn(own, id);
  if (typeof server === 'string') return 'unavailable';
  const ours = factsOf(own);
  const problem = moved(own, name);
  if (problem !== undefined) {
    await closed(server);
    return problem === 'EEXIST' ? 'held' : 'unavailable';
  }
  await new Promise<void>((resolve) => void clock.setTimeout(resolve, SETTLING_MS));
  // Somebody may have taken our socket for that of the dead process.
  if ((await ownerAt(name)) !== id) {
    await closed(server);
    return 'held';
  }
  return {
    release: async () => {
      if (ours !== undefined && isSame(factsOf(name), ours)) await unlink(name).catch(() => undefined);
      await closed(server);
    },
  };
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

function listenOn(name: string, id: string): Promise<Server | string> {
  return new Promise((resolve) => {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.end(id);
    });
    server.on('error', (error) => resolve(errorCode(error) ?? 'unknown'));
    server.listen(name, () => resolve(server.unref()));
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

/** What the owner says of itself; nothing where there is none. */
function ownerAt(name: string): Promise<string> {
  return new Promise((resolve) => {
    let said = '';
    const socket = connect(name);
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      said += text;
    });
    socket.on('error', () => {});
    socket.once('close', () => resolve(said));
  });
}

/** `undefined` where there is nothing, or nothing that we may see. */
function factsOf(name: string): BigIntStats | undefined {
  try {
    return lstatSync(name, { bigint: true });
  } catch {
    return undefined;
  }
}

function isSame(one: BigIntStats | undefined, other: BigIntStats): boolean {
  return one?.ino === other.ino && one.mtimeNs === other.mtimeNs;
}

/** Never over another. @returns the code of what the disk has against it */
function moved(from: string, to: string): string | undefined {
  try {
    linkSync(from, to);
    unlinkSync(from);
    return undefined;
  } catch (error) {
    return errorCode(error) ?? 'unknown';
  }
}

/**
 * Removes the socket of a dead process, if it still is that one: of two that start at once both find it dead, and the
 * slower would remove the lock of the faster. No turn of the event loop lies between look and deed; what was moved aside
 * in spite of it, because the machine had other things to do in between, is put back.
 *
 * @returns `false` where something is in the way that is no socket, or may not be removed.
 */
function removed(name: string, dead: BigIntStats, id: string): boolean {
  if (!dead.isSocket()) return false;
  if (!isSame(factsOf(name), dead)) return true;
  const aside = `${name}.${id}`;
  try {
    renameSync(name, aside);
    if (!isSame(factsOf(aside), dead)) linkSync(aside, name);
    unlinkSync(aside);
    return true;
  } catch (error) {
    return ['ENOENT', 'EEXIST'].includes(errorCode(error) ?? '');
  }
}
