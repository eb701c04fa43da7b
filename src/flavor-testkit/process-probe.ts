import { createHook } from 'node:async_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Resources that reach outside the process when they are made: outgoing connections, datagrams, look-ups, children. */
const outgoing: ReadonlySet<string> = new Set([
  'TCPCONNECTWRAP',
  'PIPECONNECTWRAP',
  'UDPSENDWRAP',
  'GETADDRINFOREQWRAP',
  'PROCESSWRAP',
]);

/** Resources that stay until somebody closes them. */
const lasting: ReadonlySet<string> = new Set([
  'Timeout',
  'TCPWRAP',
  'TLSWRAP',
  'UDPWRAP',
  'PIPEWRAP',
  'PROCESSWRAP',
  'WORKER',
  'MESSAGEPORT',
  'FSEVENTWRAP',
  'HTTP2SESSION',
]);

export interface ResourceWatch {
  /** Live resources by kind, of those made since the watch began. */
  live(): ReadonlyMap<string, number>;
  /** Kinds made since the watch began that reach outside the process. */
  outgoing(): readonly string[];
  stop(): void;
}

/** Watches what this thread creates, timers with `unref` included. Costs time per promise: only for single checks. */
export function watchResources(): ResourceWatch {
  const open = new Map<number, string>();
  const seen = new Set<string>();
  const hook = createHook({
    init(asyncId, type) {
      if (outgoing.has(type)) seen.add(type);
      if (lasting.has(type)) open.set(asyncId, type);
    },
    destroy(asyncId) {
      open.delete(asyncId);
    },
  });
  hook.enable();
  return {
    live() {
      const counts = new Map<string, number>();
      for (const type of open.values()) counts.set(type, (counts.get(type) ?? 0) + 1);
      return counts;
    },
    outgoing: () => [...seen],
    stop: () => {
      hook.disable();
    },
  };
}

/** Listeners on `process`, all events. */
export function processListeners(): number {
  return process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
}

/** Bytes in use after a full garbage collection: heap and array buffers. */
export function settledMemoryBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') for (let round = 0; round < 2; round += 1) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
