import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where the files stand that this repository installs as /etc/opensips. */
export const directory = 'opensips';

/** What a reader of an OpenSIPS script needs of it, comments taken away. */
export interface Script {
  readonly text: string;
  readonly modules: readonly string[];
  /** Names of modules with a modparam. */
  readonly configured: readonly string[];
  readonly includes: readonly string[];
  readonly definedRoutes: readonly string[];
  /** Routes that are called or armed: `route(X)`, `t_on_failure("X")`, `t_on_reply("X")`. */
  readonly usedRoutes: readonly string[];
  readonly sockets: readonly string[];
}

/** Text of a file of `opensips/`. */
export function textOf(file: string): string {
  return readFileSync(join(directory, file), 'utf8');
}

const all = (text: string, pattern: RegExp): string[] => [...text.matchAll(pattern)].map((match) => match[1] ?? '');

/** Takes `#mark# ` away, as the sed command in opensips.cfg does. */
export function switchOn(text: string, mark: string): string {
  return text.replaceAll(`#${mark}# `, '');
}

/** Reads a script with all that it includes. */
export function readScript(text: string): Script {
  const bare = text.replace(/^\s*#.*$/gm, '').replace(/\s# .*$/gm, '');
  const includes = all(bare, /^include_file "(.+?)"/gm);
  const whole = [bare, ...includes.map((file) => readScript(textOf(file)).text)].join('\n');
  return {
    text: whole,
    includes,
    modules: all(whole, /^loadmodule "(\w+)\.so"/gm),
    configured: all(whole, /^modparam\("(\w+)"/gm),
    definedRoutes: all(whole, /^(?:failure_|onreply_|branch_)?route\[(\w+)\]/gm),
    usedRoutes: [...all(whole, /(?<!\w)route\((\w+)\)/g), ...all(whole, /t_on_(?:failure|reply|branch)\("(\w+)"\)/g)],
    sockets: all(whole, /^socket=(\S+)/gm),
  };
}

/** Rows of a db_text table, fields unescaped; the first line of the file names the columns. */
export function readTable(file: string): { readonly columns: readonly string[]; readonly rows: string[][] } {
  const [head = '', ...lines] = textOf(file).trimEnd().split('\n');
  return {
    columns: head.split(' ').map((column) => column.replace(/\(.*\)/, '')),
    rows: lines.map((line) => line.split(/(?<!\\):/).map((field) => field.replaceAll('\\:', ':'))),
  };
}
