import { ConnectorError } from '../../base/connector-error.js';
import type { Config } from '../../config/config.js';
import type { Logger } from '../../flavor-api/index.js';
import { findDatagrams, loadProblem } from '../../media/native/datagrams.js';
import { nativeThreadEntry } from '../../media/native/native-thread.js';

export interface MediaThreadsDeps {
  readonly log: Logger;
  /** Path of the add-on, `undefined` where it was not built. Default: looks for it. */
  findAddon?(): string | undefined;
}

/**
 * What the threads of the media engine run, by `media.engine`; without an entry it is JavaScript alone. Throws
 * ERR_MEDIA_ENGINE when it is `native` and the add-on is missing or cannot be loaded; `auto` goes without it then, and says
 * so where it is there and of no use, or where packets were to be marked.
 */
export function mediaThreads(
  { engine, dscp }: Pick<Config['media'], 'engine' | 'dscp'>,
  deps: MediaThreadsDeps,
): { readonly entry?: URL } {
  const { log, findAddon = findDatagrams } = deps;
  const addon = engine === 'worker' ? undefined : findAddon();
  const problem = addon === undefined ? 'the add-on has not been built' : loadProblem(addon);
  if (problem === undefined) return { entry: nativeThreadEntry() };
  if (engine === 'native') throw new ConnectorError('ERR_MEDIA_ENGINE', `media.engine is native, but ${problem}`);
  if (addon !== undefined) log.warn({ code: 'ERR_MEDIA_ENGINE', error: problem }, 'the media add-on is not used');
  if (dscp !== undefined) {
    log.warn({ code: 'ERR_MEDIA_ENGINE', dscp }, 'media.dscp has no effect: only the media add-on can mark packets');
  }
  return {};
}
