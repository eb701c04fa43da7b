const TURN_MS = 2;

/**
 * Lets what is under way arrive between two ends on loopback that are both in this process: turns of the event loop for
 * `ms` and no fewer than fit in. After a stall of the machine a single long timer fires before anything is read.
 */
export async function eventLoopTurns(ms: number): Promise<void> {
  for (let turn = 0; turn < ms / TURN_MS; turn += 1) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
}
