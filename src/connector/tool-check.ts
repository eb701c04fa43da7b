import { createSystemClock } from '../base/clock.js';
import { errorMessage } from '../base/connector-error.js';
import { createSystemRandom } from '../base/random.js';
import type { Config } from '../config/config.js';
import { createGuardedFetch } from '../http/guarded-fetch.js';
import { silentLog } from '../ops/silent-log.js';
import { openToolSet } from '../tools/tool-set.js';

/** A tool of the configuration that cannot work. */
export interface ToolProblem {
  /** From the top of the file: `['tools', 'book', 'url']`. */
  readonly path: readonly string[];
  readonly message: string;
}

/** Makes every tool of a configuration, one by one, without asking anybody: modules are loaded, templates tried. */
export async function toolProblems({ http, tools }: Pick<Config, 'http' | 'tools'>): Promise<readonly ToolProblem[]> {
  const clock = createSystemClock();
  await using fetch = createGuardedFetch({ allow: http.allow, clock });
  const deps = { http: fetch, clock, log: silentLog, random: createSystemRandom() };
  const problems: ToolProblem[] = [];
  for (const [name, options] of Object.entries(tools)) {
    try {
      await using _set = await openToolSet({ [name]: options }, deps);
    } catch (error) {
      problems.push(problemOf(name, options.type === 'module' ? ['path'] : [], errorMessage(error)));
    }
  }
  return problems;
}

/** Messages begin with the name of the tool, and with the key where one is to blame. */
function problemOf(name: string, fallback: readonly string[], text: string): ToolProblem {
  const [, , key, message = text] = /^(tools\.[\w-]+: )?(?:(url|body|parameters): )?(.*)$/s.exec(text) ?? [];
  return { path: ['tools', name, ...(key === undefined ? fallback : [key])], message };
}
