import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { createSystemClock } from '../base/clock.js';
import { fileProblem } from '../base/file-problem.js';
import type { Config } from './config.js';
import { checkFiles } from './file-check.js';
import { toConfig } from './file-paths.js';
import { describeConfig } from './json-schema.js';
import { ConfigDocument } from './reading/config-document.js';
import { type ConfigIssue, inFileOrder } from './reading/config-issue.js';
import { type ConfigPath, formatPath, valueAt } from './reading/config-path.js';
import { explainIssue } from './reading/explain-issue.js';
import { type ResolvedValues, resolveValues } from './reading/resolve-values.js';
import { Secrets } from './reading/secrets.js';
import { type Validated, validate } from './reading/validate.js';
import type { BrokenRule } from './rules/broken-rule.js';
import { checkRules } from './rules.js';

export interface LoadOptions {
  /** Environment for `${NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory that `cdr.path`, `recording.path` and a relative `file` are relative to. */
  readonly cwd: string;
  /** What the text is called in messages, where it is not what stands in the file. */
  readonly shownAs?: string;
  /** For certificates that have expired, ms since the Unix epoch; now when absent. */
  readonly wallTimeMs?: number;
}

/** What became of a file: a configuration, or everything that is wrong with it. */
export type LoadResult = LoadedConfig | RefusedConfig;

export interface LoadedConfig {
  readonly ok: true;
  readonly config: Config;
  /** For issues found later, such as in a flavor's options: `document.issueAt(path, message)`. */
  readonly document: ConfigDocument;
  /** The file as plain data, references resolved; what flavors' schemas are explained with. */
  readonly resolved: ResolvedValues;
  readonly secrets: Secrets;
  readonly warnings: readonly ConfigIssue[];
}

export interface RefusedConfig {
  readonly ok: false;
  /** Where nothing is wrong with this part: how the connector is asked that was started with the file. */
  readonly admin?: Config['admin'] | undefined;
  readonly errors: readonly ConfigIssue[];
  readonly warnings: readonly ConfigIssue[];
  readonly secrets: Secrets;
}

/**
 * Reads, resolves and validates a configuration file. Mistakes come back as issues, all of them at once, in the order
 * of the file; nothing is thrown for them. No value that came out of a reference is part of any issue.
 *
 * @param file Path of a YAML file, as the operator gave it.
 */
export async function loadConfig(file: string, options: LoadOptions): Promise<LoadResult> {
  const absolute = resolve(options.cwd, file);
  let bytes: Buffer;
  try {
    bytes = await readFile(absolute);
  } catch (error) {
    const message = `the configuration file cannot be read: ${fileProblem(error)}`;
    const help = 'name another file with --config FILE';
    return refused([ofFile(file, { line: 0, column: 0 }, message, help)], new Secrets());
  }
  const text = bytes.toString('utf8');
  // UTF-16, as editors and shells of Windows write it, has a NUL in each letter.
  if (isUtf8(bytes) && !text.includes('\0')) return loadConfigText(text, file, options);
  const issue = ofFile(file, placeOfNoText(text), 'this is not text in UTF-8', 'save the file in UTF-8');
  return refused([issue], new Secrets());
}

/** {@link loadConfig} for a text that is no file's, or not as it stands there. Relative paths start where `file` is. */
export async function loadConfigText(text: string, file: string, options: LoadOptions): Promise<LoadResult> {
  const absolute = resolve(options.cwd, file);
  const secrets = new Secrets();
  const document = new ConfigDocument(options.shownAs ?? file, text);
  const directory = dirname(absolute);
  const resolved = await resolveValues(document, {
    env: options.env,
    secrets,
    readFile: (path) => readFile(resolve(directory, path), 'utf8'),
  });
  // After the values: only now is it known which parts of a line are secret.
  const syntaxIssues = document.syntaxIssues();
  if (!document.isReadable) return refused(syntaxIssues, secrets);
  const issues = [...syntaxIssues, ...resolved.issues];

  const validated = validate(resolved.value ?? {}, resolved.referenced);
  const values = { ...resolved, value: validated.value };
  if (validated.issues.length > 0) {
    const context = { document, resolved: values, schema: describeConfig() };
    for (const issue of validated.issues) issues.push(...explainIssue(issue, context));
  }
  const { data } = validated;
  const config = data && toConfig(data, absolute, { file: directory, working: options.cwd });
  const wallTimeMs = options.wallTimeMs ?? createSystemClock().wallTime();
  const files = config === undefined ? [] : await checkFiles(config, wallTimeMs);
  for (const { path, message, ...placing } of ofSoundKeys([...brokenRules(validated), ...files], validated)) {
    issues.push(document.issueAt(path, message, placing));
  }
  if (validated.issues.length > 0 || config === undefined || issues.some(({ severity }) => severity === 'error')) {
    const sound = syntaxIssues.length === 0 && !issues.some(isOfAdmin);
    return { ...refused(issues, secrets), admin: sound ? config?.admin : undefined };
  }
  return { ok: true, config, document, resolved: values, secrets, warnings: inFileOrder(issues) };
}

/** What is wrong between keys. */
function brokenRules({ data, value }: Validated): readonly BrokenRule[] {
  if (!data) return [];
  const namesAt = (path: ConfigPath): string[] => Object.keys(Object(valueAt(value, path)));
  const names = {
    flavors: namesAt(['flavors']),
    tools: namesAt(['tools']),
    targets: namesAt(['transfer', 'targets']),
    trunks: namesAt(['trunks']),
  };
  return checkRules(data, names, value);
}

/** Leaves out what touches a key that is itself wrong. */
function ofSoundKeys(broken: readonly BrokenRule[], { pruned }: Validated): readonly BrokenRule[] {
  const whole = new Set(pruned.map(formatPath));
  const above = new Set(pruned.flatMap((path) => path.map((_part, index) => formatPath(path.slice(0, index)))));
  const isWrong = (path: ConfigPath): boolean =>
    above.has(formatPath(path)) || [...path, ''].some((_part, index) => whole.has(formatPath(path.slice(0, index))));
  return broken.filter((rule) => !isWrong(rule.path));
}

function isOfAdmin({ key, severity }: ConfigIssue): boolean {
  return severity === 'error' && (key === 'admin' || key.startsWith('admin.'));
}

function ofFile(file: string, place: { line: number; column: number }, message: string, help: string): ConfigIssue {
  return { severity: 'error', code: 'ERR_CONFIG_UNREADABLE', file, ...place, key: '', message, help };
}

/** Where the first character is that stands for bytes which are no UTF-8, or the first NUL. */
function placeOfNoText(text: string): { line: number; column: number } {
  const lines = text.slice(0, Math.max(0, text.search(/[\ufffd\0]/))).split('\n');
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 };
}

function refused(issues: readonly ConfigIssue[], secrets: Secrets): RefusedConfig {
  const ordered = inFileOrder(issues);
  return {
    ok: false,
    errors: ordered.filter(({ severity }) => severity === 'error'),
    warnings: ordered.filter(({ severity }) => severity === 'warning'),
    secrets,
  };
}
