import { posix } from 'node:path';
import { anchorsOf, type CodeSpan, codeOf, linksOf } from './markdown.js';

/** What pages are held against. */
export interface Repository {
  /** `path` is relative to the repository, with `/`. */
  exists(path: string): boolean;
  /** Text of a page, `undefined` where there is none. */
  read(path: string): string | undefined;
  /** Scripts of package.json. */
  readonly scripts: ReadonlySet<string>;
  /** Options of each command of the command line, as its `--help` lists them. */
  readonly commands: ReadonlyMap<string, ReadonlySet<string>>;
}

/** A page: path relative to the repository, and its text. */
export interface Page {
  readonly path: string;
  readonly text: string;
}

/** Everything in a page that the repository does not bear out. */
export function problemsOf(page: Page, repository: Repository): readonly string[] {
  return [
    ...brokenLinks(page, repository),
    ...missingPaths(page, repository),
    ...missingScripts(page, repository),
    ...unknownCommands(page, repository),
  ];
}

function brokenLinks({ path, text }: Page, repository: Repository): readonly string[] {
  return linksOf(text)
    .filter((link) => !/^[a-z]+:/.test(link))
    .flatMap((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : posix.join(posix.dirname(path), file);
      if (!repository.exists(target)) return [`link to ${link}: there is no ${target}`];
      if (anchor === undefined || anchorsOf(repository.read(target) ?? '').has(anchor)) return [];
      return [`link to ${link}: ${target} has no such heading`];
    });
}

/** Paths of the repository in code. Not those inside the blocks of a language, which may belong to another project. */
const PATH = /(?<![\w./@-])(?:src|test|docs|flavors|sip-config|\.ci)\/[\w./-]*/g;

function missingPaths({ text }: Page, repository: Repository): readonly string[] {
  const code = codeOf(text).filter(({ language }) => SHELL.includes(language));
  return code
    .flatMap((span) => [...span.text.matchAll(PATH)].map(([path]) => path.replace(/[./]+$/, '')))
    .filter((path) => !repository.exists(path))
    .map((path) => `there is no ${path}`);
}

function missingScripts({ text }: Page, { scripts }: Repository): readonly string[] {
  const named = [...text.matchAll(/\bnpm (?:run (?:--\w+ )*([\w:-]+)|(start|test)\b)/g)];
  return named
    .map(([, script, short]) => script ?? short ?? '')
    .filter((name) => !scripts.has(name))
    .map((name) => `package.json has no script ${name}`);
}

/** Languages of blocks that a person types, or sees on a terminal. `''`: inline code too. */
const SHELL: readonly string[] = ['', 'sh', 'console', 'ini'];
const COMMAND = /(?<![\w.-])(?:voice-connector|dist\/src\/cli\.js) ([a-z][\w-]*)([^#|;&\n]*)/g;
const OPTION = /(?<![\w-])--[a-z][a-z-]*/g;
/** Options of other programs that the pages speak of. */
const FOREIGN_OPTIONS: readonly string[] = ['--ignore-scripts'];

function unknownCommands({ text }: Page, { commands }: Repository): readonly string[] {
  const code = codeOf(text).filter(({ language }) => SHELL.includes(language));
  const calls = code.flatMap((span) => [...span.text.matchAll(COMMAND)]);
  const inCalls = calls.flatMap(([, name = '', rest = '']) => {
    const options = commands.get(name);
    if (options === undefined) return [`voice-connector has no command ${name}`];
    return optionsIn(rest)
      .filter((option) => !options.has(option))
      .map((option) => `voice-connector ${name} has no option ${option}`);
  });
  const all = new Set([...commands.values()].flatMap((options) => [...options]));
  const alone = code
    .filter(isBareOption)
    .flatMap((span) => optionsIn(span.text))
    .filter((option) => !all.has(option) && !FOREIGN_OPTIONS.includes(option))
    .map((option) => `no command has the option ${option}`);
  return [...inCalls, ...alone];
}

/** `--option`, with or without a value, in running text. */
function isBareOption({ kind, text }: CodeSpan): boolean {
  return kind === 'inline' && text.startsWith('--');
}

function optionsIn(text: string): readonly string[] {
  return [...text.matchAll(OPTION)].map(([option]) => option);
}
