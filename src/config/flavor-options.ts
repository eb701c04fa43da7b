import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { $ZodIssue } from 'zod/v4/core';
import { fileProblem } from '../base/file-problem.js';
import { pathsWith, type SchemaNode } from './json-schema.js';
import type { LoadedConfig } from './load-config.js';
import type { ConfigIssue } from './reading/config-issue.js';
import { standardPath, valueAt } from './reading/config-path.js';
import { explainIssue } from './reading/explain-issue.js';

/**
 * What a flavor's own schema says about its section, as issues with file, line and key like all others. A zod schema
 * gets the full treatment, "did you mean" included; any other keeps its own words.
 *
 * @param name The flavor's name in `flavors`.
 * @param issues What `configSchema['~standard'].validate` returned.
 * @param jsonSchema The same schema as JSON Schema, input side.
 */
export function explainFlavorOptions(
  { document, resolved, secrets }: LoadedConfig,
  name: string,
  issues: readonly StandardSchemaV1.Issue[],
  jsonSchema: Readonly<Record<string, unknown>>,
): ConfigIssue[] {
  const section = ['flavors', name];
  const schema: SchemaNode = { properties: { flavors: { properties: { [name]: jsonSchema } } } };
  return issues.flatMap((issue) => {
    const path = [...section, ...standardPath(issue)];
    if (isZodIssue(issue)) return explainIssue({ ...issue, path: [...path] }, { document, resolved, schema });
    // Words of others may repeat a value.
    return [document.issueAt(path, secrets.redact(issue.message))];
  });
}

/**
 * Makes the values of a flavor's `writeOnly` options secrets: redacted in text, masked in the lines of the file. Of a map
 * or a list, such as header fields, all texts in it are.
 *
 * @param jsonSchema The flavor's schema as JSON Schema, input side.
 */
export function hideWriteOnly(loaded: LoadedConfig, name: string, jsonSchema: Readonly<Record<string, unknown>>): void {
  const section = ['flavors', name];
  const options = valueAt(loaded.resolved.value, section);
  for (const path of pathsWith('writeOnly', jsonSchema, options, section)) {
    const value = valueAt(loaded.resolved.value, path);
    for (const text of textsIn(value)) loaded.secrets.add(text);
    if (value !== undefined) loaded.document.hide(path);
  }
}

/**
 * Folders that a flavor's options name and that are not there: those that its schema says `folder` of. They may be there when
 * the flavor needs them, and another engine may stand in for the one that does: nothing fails by it yet.
 *
 * @param jsonSchema The flavor's schema as JSON Schema, input side.
 */
export async function missingFolders(
  { document, resolved, secrets }: LoadedConfig,
  name: string,
  jsonSchema: Readonly<Record<string, unknown>>,
): Promise<ConfigIssue[]> {
  const section = ['flavors', name];
  const paths = pathsWith('folder', jsonSchema, valueAt(resolved.value, section), section);
  const found = paths.map(async (path) => {
    const value = valueAt(resolved.value, path);
    const problem = typeof value === 'string' ? await folderProblem(resolve(value)) : undefined;
    return problem === undefined ? [] : [document.issueAt(path, secrets.redact(problem), { severity: 'warning' })];
  });
  return (await Promise.all(found)).flat();
}

async function folderProblem(path: string): Promise<string | undefined> {
  try {
    return (await stat(path)).isDirectory() ? undefined : `${path} is no folder`;
  } catch (error) {
    return `${path}: ${fileProblem(error, 'there is no such folder')}`;
  }
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function isZodIssue(issue: object): issue is $ZodIssue {
  return 'code' in issue && typeof issue.code === 'string' && 'path' in issue;
}
