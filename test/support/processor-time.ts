/**
 * What `work` costs this process, ms of processor time: of a machine that is busy with others it knows nothing. Pauses
 * cost nothing, and all that the process does meanwhile counts.
 */
export async function processorMsOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
