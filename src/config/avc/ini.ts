/**
 * Files as Python's `configparser.ConfigParser()` reads them with its defaults, which is how the OpenSIPS AI Voice Connector
 * reads its own: `[DEFAULT]` for all sections, names of options in lower case, `=` or `:` between name and value, lines
 * that are indented go on, whole-line comments with `#` or `;` only, and `%(name)s` stands for another option.
 */

export interface IniOption {
  readonly value: string;
  /** 1-based. */
  readonly line: number;
}

/** By name of the section, in order of the file, without `DEFAULT`, whose options every section has. */
export type IniFile = ReadonlyMap<string, ReadonlyMap<string, IniOption>>;

export interface IniIssue {
  readonly severity: 'error' | 'warning';
  readonly line: number;
  readonly message: string;
}

interface Reading {
  readonly sections: Map<string, Map<string, { lines: string[]; line: number }>>;
  readonly issues: IniIssue[];
}

const DEFAULT_SECTION = 'DEFAULT';
const SECTION = /^\[(.+)\]/;
/** An option: the first `=` or `:` parts it. */
const OPTION = /^([^=:]+?)\s*[=:]\s*(.*)$/;
const MAX_DEPTH = 10;

/** Reads a file. What configparser would refuse is an error. */
export function parseIni(text: string): { readonly file: IniFile; readonly issues: readonly IniIssue[] } {
  const { sections, issues } = readLines(text);
  const defaults = sections.get(DEFAULT_SECTION) ?? new Map();
  const file = new Map<string, Map<string, IniOption>>();
  for (const [name, own] of sections) {
    if (name === DEFAULT_SECTION) continue;
    const raw = new Map([...defaults, ...own].map(([key, { lines, line }]) => [key, { value: joined(lines), line }]));
    file.set(name, interpolated(raw, issues));
  }
  return { file, issues };
}

function readLines(text: string): Reading {
  const reading: Reading = { sections: new Map(), issues: [] };
  let section: Map<string, { lines: string[]; line: number }> | undefined;
  let option: { lines: string[]; line: number } | undefined;
  let optionIndent = 0;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (/^[#;]/.test(content)) continue;
    if (content === '') {
      option?.lines.push('');
      continue;
    }
    const indent = raw.length - raw.trimStart().length;
    if (section !== undefined && option !== undefined && indent > optionIndent) {
      option.lines.push(content);
      continue;
    }
    const header = SECTION.exec(content);
    if (header) {
      section = beginSection(reading, header[1] ?? '', line);
      option = undefined;
      continue;
    }
    option = section === undefined ? noSection(reading, line) : beginOption(reading, section, content, line);
    optionIndent = indent;
  }
  return reading;
}

function beginSection({ sections, issues }: Reading, name: string, line: number) {
  if (sections.has(name) && name !== DEFAULT_SECTION) {
    issues.push({ severity: 'error', line, message: `the section [${name}] is there twice` });
  }
  const section = sections.get(name) ?? new Map<string, { lines: string[]; line: number }>();
  sections.set(name, section);
  return section;
}

function noSection({ issues }: Reading, line: number): undefined {
  issues.push({ severity: 'error', line, message: 'a line before the first [section]' });
}

function beginOption(
  { issues }: Reading,
  section: Map<string, { lines: string[]; line: number }>,
  content: string,
  line: number,
): { lines: string[]; line: number } | undefined {
  const match = OPTION.exec(content);
  if (!match) {
    issues.push({ severity: 'error', line, message: 'expected NAME = VALUE' });
    return undefined;
  }
  const name = (match[1] ?? '').toLowerCase();
  if (section.has(name)) issues.push({ severity: 'error', line, message: `the option ${name} is there twice` });
  const option = { lines: [match[2] ?? ''], line };
  section.set(name, option);
  return option;
}

function joined(lines: readonly string[]): string {
  return lines.join('\n').trimEnd();
}

function interpolated(raw: ReadonlyMap<string, IniOption>, issues: IniIssue[]): Map<string, IniOption> {
  const section = new Map<string, IniOption>();
  for (const [key, { value, line }] of raw) {
    let stray = false;
    const expanded = expand(value, raw, 0, () => {
      stray = true;
    });
    if (stray) {
      // configparser raises when such an option is read: every call was answered 500.
      const message = `the % in ${key} is taken as it stands; the Python connector failed on it`;
      issues.push({ severity: 'warning', line, message });
    }
    section.set(key, { value: expanded, line });
  }
  return section;
}

function expand(text: string, raw: ReadonlyMap<string, IniOption>, depth: number, onStray: () => void): string {
  return text.replace(/%%|%\(([^)]*)\)s|%/g, (match, name: string | undefined) => {
    if (match === '%%') return '%';
    const other = name === undefined ? undefined : raw.get(name.toLowerCase());
    if (other !== undefined && depth < MAX_DEPTH) return expand(other.value, raw, depth + 1, onStray);
    onStray();
    return match;
  });
}
