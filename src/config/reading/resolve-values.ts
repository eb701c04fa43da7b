import { isAlias, isMap, isScalar, isSeq } from 'yaml';
import { fileProblem } from '../../base/file-problem.js';
import type { ConfigDocument } from './config-document.js';
import type { ConfigIssue } from './config-issue.js';
import { type ConfigPath, formatPath } from './config-path.js';
import { parseReferences } from './references.js';
import { isForProgram, isSecretPath, looksSecret, type Secrets, soundsSecret, urlSecrets } from './secrets.js';
import { secretsBySight } from './secrets-by-sight.js';

/** What references may draw on. */
export interface ResolveDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Content of a `${file:...}`; relative paths are the caller's business. Rejects as `fs.readFile` does. */
  readFile(path: string): Promise<string>;
  readonly secrets: Secrets;
}

/** The document as plain data. */
export interface ResolvedValues {
  readonly value: unknown;
  readonly issues: readonly ConfigIssue[];
  /** Paths, as {@link formatPath} writes them, whose value came out of a reference: never to be printed. */
  readonly referenced: ReadonlySet<string>;
  /** Paths whose value could not be had; `issues` says why, so nobody else need complain about them. */
  readonly unresolved: ReadonlySet<string>;
}

/** Far above any configuration; aliases of aliases reach it quickly. */
const MAX_NODES = 100_000;
const MAX_DEPTH = 64;

/**
 * Turns the YAML tree into plain objects, lists and scalars, with the references in its texts resolved. Texts under a
 * key that sounds secret, values of variables that sound secret, and every file's content join `deps.secrets`.
 */
export async function resolveValues(document: ConfigDocument, deps: ResolveDeps): Promise<ResolvedValues> {
  const walk = new Walk(document, deps);
  const value = await walk.resolve(document.tree.contents, []);
  return { value, issues: walk.issues, referenced: walk.referenced, unresolved: walk.unresolved };
}

class Walk {
  readonly issues: ConfigIssue[] = [];
  readonly referenced = new Set<string>();
  readonly unresolved = new Set<string>();
  readonly #document: ConfigDocument;
  readonly #deps: ResolveDeps;
  #nodes = 0;

  constructor(document: ConfigDocument, deps: ResolveDeps) {
    this.#document = document;
    this.#deps = deps;
  }

  async resolve(node: unknown, path: ConfigPath): Promise<unknown> {
    this.#nodes += 1;
    if (this.#nodes > MAX_NODES || path.length > MAX_DEPTH) {
      if (this.#nodes <= MAX_NODES + 1) this.#problem(path, 'the configuration is too large or too deep');
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document.tree);
      if (target) return this.resolve(target, path);
      this.#problem(
        path,
        // What begins with `*` may be a password that wants quotes.
        isSecretPath(path) ? 'no anchor before this alias' : `no anchor "&${node.source}" before this alias`,
        'define the anchor above, or repeat the value; a text that begins with * needs quotes',
      );
      return undefined;
    }
    if (isMap(node)) return this.#resolveMap(node.items, path);
    if (isSeq(node)) {
      const list: unknown[] = [];
      for (const [index, item] of node.items.entries()) list.push(await this.resolve(item, [...path, index]));
      return list;
    }
    if (!isScalar(node)) return null;
    return this.#resolveScalar(node.value, path);
  }

  async #resolveMap(items: readonly { key: unknown; value: unknown }[], path: ConfigPath): Promise<object> {
    const entries: [string, unknown][] = [];
    for (const { key, value } of items) {
      if (!isScalar(key) || typeof key.value !== 'string') continue;
      const inner = [...path, key.value];
      if (key.value === '__proto__') {
        this.issues.push(this.#document.issueAt(inner, 'this name cannot be used as a key', { atKey: true }));
        continue;
      }
      entries.push([key.value, await this.resolve(value, inner)]);
    }
    return Object.fromEntries(entries);
  }

  async #resolveScalar(value: unknown, path: ConfigPath): Promise<unknown> {
    const isSecret = isSecretPath(path) && (typeof value === 'string' || typeof value === 'number');
    const isHidden = isSecret || isForProgram(path);
    if (typeof value !== 'string') {
      if (isHidden) this.#document.hide(path);
      return value;
    }
    const parts = parseReferences(value);
    if ('problem' in parts) {
      if (isHidden) this.#document.hide(path);
      this.#problem(path, parts.problem, parts.help);
      return undefined;
    }
    // A literal under a secret's name is itself the secret, a default too; a reference is not, and is worth showing.
    if (isHidden && parts.some((part) => part.kind === 'literal' || (part.kind === 'variable' && part.fallback))) {
      this.#document.hide(path);
    }
    let text = '';
    for (const part of parts) {
      if (part.kind === 'literal') {
        text += part.text;
        continue;
      }
      this.referenced.add(formatPath(path));
      const resolved = part.kind === 'file' ? await this.#readFile(part.path, path) : this.#readVariable(part, path);
      if (resolved === undefined) return undefined;
      text += resolved;
    }
    this.#learn(text, path, isSecret);
    return text;
  }

  /** What of a text is to be found in no log. */
  #learn(text: string, path: ConfigPath, isSecret: boolean): void {
    const { secrets } = this.#deps;
    for (const found of urlSecrets(text)) secrets.add(found);
    if (isSecret) secrets.add(text);
    if (isSecret && /^cookie$/i.test(String(path.at(-1)))) {
      for (const pair of text.split(';')) secrets.add(pair.slice(pair.indexOf('=') + 1).trim());
    }
    if (!isForProgram(path)) return;
    if (looksSecret(text) || this.#followsFlag(path)) secrets.add(text);
    for (const { start, end } of secretsBySight(text, { start: 0, end: text.length })) {
      secrets.add(text.slice(start, end).replace(/^["']|["']$/g, ''));
    }
  }

  /** Whether it is an argument behind one such as `--api-key`. */
  #followsFlag(path: ConfigPath): boolean {
    const index = path.at(-1);
    if (typeof index !== 'number' || index === 0) return false;
    const flag = this.#document.sourceOf([...path.slice(0, -1), index - 1])?.replace(/^["']|["']$/g, '') ?? '';
    return flag.startsWith('-') && soundsSecret(flag);
  }

  #readVariable(
    { name, fallback }: { name: string; fallback: string | undefined },
    path: ConfigPath,
  ): string | undefined {
    const value = this.#deps.env[name];
    if (value) {
      if (soundsSecret(name)) this.#deps.secrets.add(value);
      return value;
    }
    if (fallback !== undefined) return fallback;
    const state = value === undefined ? 'not set' : 'empty';
    // A secret with a default would be one that stands in the file.
    const isSecret = isSecretPath(path) || soundsSecret(name);
    const help = `set ${name} before the connector starts${isSecret ? '' : `, or give a default: \${${name}:-value}`}`;
    this.#problem(path, `the environment variable ${name} is ${state}`, help);
    return undefined;
  }

  async #readFile(file: string, path: ConfigPath): Promise<string | undefined> {
    try {
      // Editors and `echo` end a file with a line feed that no secret has.
      const text = (await this.#deps.readFile(file)).replace(/\r?\n$/, '');
      if (text !== '') {
        this.#deps.secrets.add(text);
        return text;
      }
      this.#problem(path, `the file ${file} is empty`, 'write the value into it');
    } catch (error) {
      this.#problem(path, `the file ${file} cannot be read: ${fileProblem(error)}`, 'check its path and permissions');
    }
    return undefined;
  }

  #problem(path: ConfigPath, message: string, help?: string): void {
    this.unresolved.add(formatPath(path));
    this.issues.push(this.#document.issueAt(path, message, help === undefined ? {} : { help }));
  }
}
