import type { LoadedConfig } from '../config/load-config.js';
import type { ConfigIssue } from '../config/reading/config-issue.js';
import { sayingsOf } from '../config/rules/sayings.js';
import type { FlavorReport } from './flavor-check.js';

/** Instructions in place of words, for a flavor that has no model to follow them. */
export function cueWarnings(
  { config, document }: LoadedConfig,
  reports: readonly Pick<FlavorReport, 'name' | 'capabilities'>[],
): ConfigIssue[] {
  const deaf = reports.filter(({ capabilities }) => capabilities?.instructions === false).map(({ name }) => name);
  return config.routes.flatMap((route, index) => {
    const { flavor } = route;
    if (flavor === undefined || !deaf.includes(flavor)) return [];
    return sayingsOf(route)
      .filter(({ saying }) => saying.instructions !== undefined)
      .map(({ place }) =>
        document.issueAt(
          ['routes', index, ...place, 'instructions'],
          `the flavor ${JSON.stringify(flavor)} has no model that would follow them`,
          { severity: 'warning', help: 'write what is to be said, as text' },
        ),
      );
  });
}
