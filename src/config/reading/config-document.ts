import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import type { ConfigIssue } from './config-issue.js';
import { type ConfigPath, formatPath } from './config-path.js';
import { duplicateKeys } from './duplicate-keys.js';
import { lineAround, ShownLine, type TextRange } from './excerpt.js';
import { secretsBySight } from './secrets-by-sight.js';

/** A complaint of YAML's: its kind, its words, and the offsets that it is about. */
interface SyntaxProblem {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [start: number, end: number];
}

/** How an issue is placed and worded beyond its message. */
export interface IssueOptions {
  readonly help?: string;
  readonly severity?: ConfigIssue['severity'];
  /** Underline the key rather than the value. */
  readonly atKey?: boolean;
}

/**
 * A configuration file as text and as a YAML tree that remembers where everything stood, so that whoever finds a
 * mistake, a flavor's own schema included, can name its line.
 */
export class ConfigDocument {
  readonly #text: string;
  readonly #lines = new LineCounter();
  readonly #secretRanges: TextRange[] = [];
  /** The line that was shown last: the next mistake is often in the same. */
  #shown: ShownLine | undefined;
  /** The entries of the maps that something was looked for in, by key. */
  readonly #entries = new WeakMap<YAMLMap, ReadonlyMap<unknown, YAMLMap['items'][number]>>();
  readonly tree: Document.Parsed;

  /** @param file As the operator gave it; only for messages. */
  constructor(
    readonly file: string,
    text: string,
  ) {
    // A byte order mark would shift every column of the first line.
    this.#text = text.startsWith('\ufeff') ? text.slice(1) : text;
    this.tree = parseDocument(this.#text, {
      lineCounter: this.#lines,
      prettyErrors: false,
      stringKeys: true,
      // Told by ourselves: yaml compares each key of a map with all others, seconds for some thousands.
      uniqueKeys: false,
    });
  }

  /** Whether the tree is what the operator meant: no error of syntax, duplicate keys aside. */
  get isReadable(): boolean {
    return this.tree.errors.length === 0;
  }

  /**
   * What YAML itself has to say against the file: duplicate keys, tags, and the first error of syntax. After that one
   * the parser is lost, and its further complaints would only hide the cause.
   */
  syntaxIssues(): ConfigIssue[] {
    const errors: readonly SyntaxProblem[] = [
      ...this.tree.errors,
      ...this.tree.warnings,
      ...duplicateKeys(this.tree).map((pos) => ({ code: 'DUPLICATE_KEY', message: '', pos })),
    ];
    const firstError = errors.find(({ code }) => code !== 'DUPLICATE_KEY' && code !== 'TAG_RESOLVE_FAILED');
    const told = errors.filter((error) => error === firstError || !firstError || error.pos[0] < firstError.pos[0]);
    return told.map((error) => {
      const start = error.pos[0];
      const line = lineAround(this.#text, start);
      const word = /^[\w.-]+/.exec(this.#text.slice(start, line.end))?.[0].length ?? 0;
      const { message, help } = explainYaml(error.code, error.message, this.#text.slice(line.start, line.end));
      const range = { start, end: Math.max(error.pos[1], start + word) };
      return this.#issue(range, '', message, help === undefined ? {} : { help });
    });
  }

  /**
   * An issue at a path. Where the path does not exist (a missing key), the nearest thing around it is shown.
   *
   * @param message One sentence without the key, which is added by the formatter.
   */
  issueAt(path: ConfigPath, message: string, options: IssueOptions = {}): ConfigIssue {
    const written = this.#written(path);
    return this.#issue(this.#rangeOf(written, options.atKey ?? false), formatPath(written), message, options);
  }

  /** A path without what lies below a text: there the file says in short what could have keys. */
  #written(path: ConfigPath): ConfigPath {
    const length = path.findIndex((_part, index) => {
      const { node } = this.#find(path.slice(0, index));
      return isScalar(node) && typeof node.value === 'string';
    });
    return length < 0 ? path : path.slice(0, length);
  }

  /** Line of a path, from 1; that of the nearest thing around it if it does not exist. */
  lineOf(path: ConfigPath): number {
    return this.#lines.linePos(this.#rangeOf(path, true).start).line;
  }

  /** Masks what stands at a path in every excerpt made from now on. */
  hide(path: ConfigPath): void {
    const { node: found } = this.#find(path);
    // What an alias stands for is written elsewhere, under a name that sounds like no secret.
    const node = isAlias(found) ? found.resolve(this.tree) : found;
    if (!isScalar(node) || !node.range) return;
    this.#secretRanges.push({ start: node.range[0], end: node.range[1] });
    this.#shown = undefined;
  }

  /** The source text of the scalar at a path, quotes included; `undefined` for anything else. */
  sourceOf(path: ConfigPath): string | undefined {
    const { node } = this.#find(path);
    return isScalar(node) && node.range ? this.#text.slice(node.range[0], node.range[1]) : undefined;
  }

  /** The node and key at a path, or those of its longest existing part. */
  #find(path: ConfigPath): { node: unknown; key: unknown } {
    let node: unknown = this.tree.contents;
    let key: unknown;
    for (const part of path) {
      const collection = isAlias(node) ? node.resolve(this.tree) : node;
      if (isMap(collection)) {
        const pair = this.#entriesOf(collection).get(part);
        if (!pair) break;
        key = pair.key;
        node = pair.value;
      } else if (isSeq(collection) && typeof part === 'number' && part < collection.items.length) {
        key = undefined;
        node = collection.items[part];
      } else {
        break;
      }
    }
    return { node, key };
  }

  /** Of a key that is there twice, the first. */
  #entriesOf(map: YAMLMap): ReadonlyMap<unknown, YAMLMap['items'][number]> {
    const known = this.#entries.get(map);
    if (known) return known;
    const entries = new Map<unknown, YAMLMap['items'][number]>();
    for (const pair of map.items) {
      if (isScalar(pair.key) && !entries.has(pair.key.value)) entries.set(pair.key.value, pair);
    }
    this.#entries.set(map, entries);
    return entries;
  }

  #rangeOf(path: ConfigPath, atKey: boolean): TextRange {
    const { node, key } = this.#find(path);
    const keyRange = isScalar(key) && key.range ? { start: key.range[0], end: key.range[1] } : undefined;
    if (keyRange && (atKey || isCollection(node))) return keyRange;
    const valueRange = isScalar(node) || isAlias(node) || isCollection(node) ? node.range : undefined;
    if (valueRange && valueRange[1] > valueRange[0]) return { start: valueRange[0], end: valueRange[1] };
    return keyRange ?? { start: valueRange?.[0] ?? 0, end: valueRange?.[1] ?? 0 };
  }

  #lineAt(offset: number): ShownLine {
    if (!this.#shown?.has(offset)) {
      const line = lineAround(this.#text, offset);
      const secrets = [...this.#secretRanges, ...secretsBySight(this.#text, line)];
      this.#shown = new ShownLine(this.#text, line, secrets);
    }
    return this.#shown;
  }

  #issue(range: TextRange, key: string, message: string, options: IssueOptions): ConfigIssue {
    const { line, col } = this.#lines.linePos(range.start);
    return {
      severity: options.severity ?? 'error',
      code: 'ERR_CONFIG_INVALID',
      file: this.file,
      line,
      column: col,
      key,
      message,
      ...(options.help !== undefined && { help: options.help }),
      excerpt: this.#lineAt(range.start).excerptOf(range),
    };
  }
}

/** YAML's own words, with advice where a configuration of ours makes a mistake likely. */
function explainYaml(
  code: string,
  yamlWords: string,
  line: string,
): { readonly message: string; readonly help?: string } {
  switch (code) {
    case 'DUPLICATE_KEY':
      return { message: 'this key is here twice', help: 'keep one of the two; the other would be ignored' };
    case 'TAB_AS_INDENT':
      return { message: 'a tab as indentation', help: 'YAML indents with spaces only' };
    case 'BAD_DQ_ESCAPE':
      return {
        message: 'a backslash that YAML does not know, inside double quotes',
        help: 'write it twice ("\\\\+44"), or use single quotes (\'\\+44\')',
      };
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a colon and a blank in the middle of a text, or keys below a value',
        help: 'put a text in quotes; a key has either a value beside it or keys below it',
      };
    case 'MULTIPLE_DOCS':
      return { message: 'a second YAML document', help: 'remove the line "---": one file holds one configuration' };
    case 'TAG_RESOLVE_FAILED':
      return { message: 'a YAML tag', help: 'remove it: the configuration uses none' };
    default: {
      // Without what it quotes, which may be half of a password.
      const yamlMessage = yamlWords.replace(/: [|>"'].*$/s, '');
      if (line.includes('${')) {
        return {
          message: `YAML: ${yamlMessage}`,
          help: `a value with \${...} inside [ ] or { } needs quotes: "\${NAME}"`,
        };
      }
      const help = yamlHelp(code, yamlMessage);
      return { message: `YAML: ${yamlMessage}`, ...(help !== undefined && { help }) };
    }
  }
}

function yamlHelp(code: string, yamlMessage: string): string | undefined {
  if (code === 'BAD_SCALAR_START') return 'put the text in quotes';
  if (code === 'BAD_INDENT' && yamlMessage.includes('same column')) {
    return 'the keys of one section begin in the same column, further in than the key they belong to';
  }
  return yamlMessage.startsWith('Missing closing') ? 'close the text with the quote that it began with' : undefined;
}
