import { callVariableNames, isVariableName, placeholders } from '../notation/template.js';
import type { ConfigPath } from '../reading/config-path.js';
import { suggest } from '../reading/suggest.js';
import type { BrokenRule } from './broken-rule.js';
import { type ParsedRoute, sayingsOf } from './sayings.js';

/** Names of variables, and of those that the texts of a route mention. */
export function checkTemplates(route: ParsedRoute, path: ConfigPath): BrokenRule[] {
  const broken: BrokenRule[] = [];
  for (const name of Object.keys(route.variables)) {
    if (isVariableName(name)) continue;
    broken.push({
      path: [...path, 'variables', name],
      atKey: true,
      message: 'this name cannot be given to a variable',
      help: `use letters, digits, "_" and "-"; ${callVariableNames.join(', ')} and sip.Header-Name are set by the call`,
    });
  }
  const known = [...Object.keys(route.variables), ...callVariableNames];
  for (const { text, place } of templatesOf(route)) {
    // What the settings of a call add is not known before there is one; their own address is filled in without them.
    if (route.settings !== undefined && place[0] !== 'settings') continue;
    for (const name of placeholders(text)) {
      if (known.includes(name) || /^sip\./i.test(name)) continue;
      const meant = suggest(name, known);
      broken.push({
        severity: 'warning',
        path: [...path, ...place],
        message: `{{${name}}} has no value and will be left out`,
        help: meant === undefined ? `add ${name} to the variables of this route` : `did you mean "{{${meant}}}"?`,
      });
    }
  }
  return broken;
}

/** Every template of a route, and its place in it. */
function templatesOf(route: ParsedRoute): { readonly text: string; readonly place: ConfigPath }[] {
  const { answer, hangup, instructions, settings } = route;
  const templates = sayingsOf(route).flatMap(({ saying, place }) =>
    (['text', 'instructions'] as const).flatMap((key) => {
      const text = saying[key];
      return text === undefined ? [] : [{ text, place: [...place, key] }];
    }),
  );
  if (instructions !== undefined) templates.push({ text: instructions, place: ['instructions'] });
  if (settings !== undefined) templates.push({ text: settings.url, place: ['settings', 'url'] });
  for (const [name, text] of Object.entries(answer.headers))
    templates.push({ text, place: ['answer', 'headers', name] });
  for (const [name, text] of Object.entries(hangup.headers))
    templates.push({ text, place: ['hangup', 'headers', name] });
  return templates;
}
