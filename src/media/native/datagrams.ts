import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/**
 * What `datagrams.cc` offers. Numbers below zero are system errors (`-errno`); wrong kinds of arguments throw TypeError.
 * Times are milliseconds of CLOCK_MONOTONIC.
 */
export interface Datagrams {
  /** Binds a socket to an IP literal; its index. */
  bind(address: string, port: number): number;
  /** The port that a socket is bound to. */
  port(index: number): number;
  /** What the socket sends carries that mark from now on, 0 to 63 (DSCP, RFC 2474). */
  mark(index: number, dscp: number): number;
  close(index: number): number;
  /** Where `send` sends a socket's packets from now on. */
  destination(index: number, address: string, port: number): number;
  /** `records`: index of the socket, offset and length in `bytes` of each packet. How many the system took. */
  send(bytes: Uint8Array, records: Int32Array, count: number): number;
  /**
   * Puts packets that have arrived into `bytes`, each at a multiple of 256 behind `offset`. `records`: index of the socket, offset, length, and the
   * number of its source, see {@link source}, or 0 when it is that of the socket's packet before. How many; to be called until none.
   */
  receive(bytes: Uint8Array, offset: number, records: Int32Array, times: Float64Array): number;
  /** Address and port, a blank between, of a source of the last `receive`. */
  source(number: number): string;
  /** Blocks the thread, 100 ms at most. How long that moment is past, ms. */
  sleepUntil(atMs: number): number;
  now(): number;
  /** Gives the calling thread SCHED_FIFO at that priority; with 0 the ordinary policy. */
  realtime(priority: number): number;
  /** 1 where many sockets are read or written in one system call (io_uring, Linux 6.1), else 0. */
  batches(): number;
  dispose(): number;
}

/** Where `npm run build:native` puts it, seen from this file built or not. */
const candidates = ['../../../native/media-datagrams.node', '../../../dist/native/media-datagrams.node'];

/** Path of the add-on, or `undefined` when it was not built. */
export function findDatagrams(): string | undefined {
  return candidates.map((path) => fileURLToPath(new URL(path, import.meta.url))).find((path) => existsSync(path));
}

/**
 * Loads the add-on into this thread. Throws when it was built for another machine, or is none.
 *
 * @param batches false: sockets are read and written one by one also where the system could do more
 */
export function loadDatagrams(path: string, batches = true): Datagrams {
  const loaded: { readonly Datagrams?: new (batches: boolean) => Datagrams } = createRequire(import.meta.url)(path);
  if (typeof loaded.Datagrams !== 'function') throw new Error(`${path} is not the media add-on`);
  return new loaded.Datagrams(batches);
}

/** Why the add-on there is of no use; `undefined`: it can be loaded. */
export function loadProblem(path: string): string | undefined {
  try {
    loadDatagrams(path).dispose();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
