import { createRequire } from 'node:module';
import { findDatagrams } from './datagrams.js';

/** Free memory that each arena of the allocator keeps for itself, bytes. */
const KEPT_BYTES = 2 ** 20;
/** By these an operator has said how much it is to be (mallopt(3), and glibc's tunables). */
const ENVIRONMENT: Readonly<Record<string, RegExp>> = {
  MALLOC_TRIM_THRESHOLD_: /./,
  GLIBC_TUNABLES: /glibc\.malloc\.trim_threshold/,
};

/**
 * Lets the process give memory back that it no longer uses, by the add-on where it was built: glibc keeps twice as much as the largest piece
 * that was ever given back at once, in each of its arenas. WebAssembly is 21 MB, and what V8's threads needed to compile it would stay
 * with them for good. Before threads are started.
 *
 * @param addon its path
 * @returns whether it does now what it did not
 */
export function giveMemoryBack(
  env: Readonly<Record<string, string | undefined>>,
  addon: string | undefined = findDatagrams(),
): boolean {
  if (addon === undefined) return false;
  if (Object.entries(ENVIRONMENT).some(([name, said]) => said.test(env[name] ?? ''))) return false;
  try {
    const { keepFree }: { readonly keepFree?: (bytes: number) => number } = createRequire(import.meta.url)(addon);
    return keepFree?.(KEPT_BYTES) === 1;
  } catch {
    // Built for another machine: where it is needed, that is said.
    return false;
  }
}
