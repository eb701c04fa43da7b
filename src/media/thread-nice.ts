import { getPriority, setPriority } from 'node:os';

/** Of a thread whose packets are to leave on time: on a core that it shares with one other it weighs nine times as much (sched(7)). */
export const MEDIA_NICE = -10;

/**
 * Sets the nice value of the calling thread, where the system grants it: a lower one needs root, `CAP_SYS_NICE` or a limit
 * (`RLIMIT_NICE`). Linux keeps it by thread (setpriority(2), "C library/kernel differences"); elsewhere it is the whole process's, and
 * nothing is done.
 *
 * @param nice -20 (first) to 19 (last)
 */
export function setThreadNice(nice: number): void {
  if (process.platform !== 'linux') return;
  try {
    setPriority(nice);
  } catch {
    // The thread is one among others.
  }
}

/** A process that a thread has started has that thread's nice value: gives it the one of our own process instead. */
export function setChildNice(pid: number): void {
  try {
    setPriority(pid, getPriority(process.pid));
  } catch {
    // It has ended already, or the value may not be lowered to ours.
  }
}
