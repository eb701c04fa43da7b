/** `performance.now()` counts from the start of a process; this is what to add for the clock that all processes share. */
const offsetMs = Math.max(...Array.from({ length: 20 }, readOffsetMs));

/** Too small by what passes between the two readings: on a busy machine that may be many ms. */
function readOffsetMs(): number {
  return Number(process.hrtime.bigint()) / 1e6 - performance.now();
}

/** Milliseconds of the machine's monotonic clock: comparable between processes. */
export function machineNow(): number {
  return performance.now() + offsetMs;
}

/** A reading of `performance.now()` in this process, on the machine's clock. */
export function toMachineTime(processMs: number): number {
  return processMs + offsetMs;
}
