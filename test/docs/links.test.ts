import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { runCli } from '../../src/cli/run-cli.js';
import { createFakeIo } from '../cli/fake-io.js';
import { linksOf } from './markdown.js';
import { type Page, problemsOf, type Repository } from './page-checks.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

function namesIn(directory: string): readonly string[] {
  return readdirSync(join(root, directory)).sort();
}

function page(path: string): Page {
  return { path, text: readFileSync(join(root, path), 'utf8') };
}

async function helpOf(...command: readonly string[]): Promise<string> {
  const io = createFakeIo(root);
  await runCli([...command, '--help'], io);
  return io.out();
}

/** The options that a command's `--help` lists. */
async function optionsOf(command: string): Promise<ReadonlySet<string>> {
  const help = await helpOf(command);
  return new Set([...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option = '']) => option));
}

async function commandsOf(): Promise<Repository['commands']> {
  const list = (await helpOf()).split('Commands:')[1] ?? '';
  const names = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map(([, name = '']) => name);
  return new Map(await Promise.all(names.map(async (name) => [name, await optionsOf(name)] as const)));
}

const manifest: { readonly scripts: Readonly<Record<string, string>> } = JSON.parse(page('package.json').text);

const repository: Repository = {
  exists: (path) => existsSync(join(root, path)),
  read: (path) => (existsSync(join(root, path)) ? page(path).text : undefined),
  scripts: new Set(Object.keys(manifest.scripts)),
  commands: await commandsOf(),
};

const documents = namesIn('docs').filter((name) => name.endsWith('.md'));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  ...documents.map((name) => `docs/${name}`),
  ...namesIn('flavors').map((name) => `flavors/${name}/README.md`),
];

test.each(pages)('%s: links, paths, scripts, commands and options exist', (path) => {
  expect(problemsOf(page(path), repository)).toEqual([]);
});

describe('what would be noticed', () => {
  const cases: readonly (readonly [text: string, problem: string])[] = [
    ['[a](4-nowhere.md)', 'link to 4-nowhere.md: there is no docs/4-nowhere.md'],
    ['![a](images/nothing.png)', 'link to images/nothing.png: there is no docs/images/nothing.png'],
    ['# Here\n[a](#there)', 'link to #there: docs/README.md has no such heading'],
    ['[a](errors.md#nothing)', 'link to errors.md#nothing: docs/errors.md has no such heading'],
    ['`src/media/nothing.ts`', 'there is no src/media/nothing.ts'],
    ['```sh\nvoice-connector check --config sip-config/other.yaml\n```', 'there is no sip-config/other.yaml'],
    ['`npm run nothing`', 'package.json has no script nothing'],
    ['```sh\nnpm ci && npm run --silent nothing\n```', 'package.json has no script nothing'],
    ['`voice-connector dial`', 'voice-connector has no command dial'],
    ['```\n$ node dist/src/cli.js dial 2000\n```', 'voice-connector has no command dial'],
    ['`voice-connector phone --providers`', 'voice-connector phone has no option --providers'],
    ['`--loudly`', 'no command has the option --loudly'],
  ];

  test.each(cases)('%j', (text, problem) => {
    expect(problemsOf({ path: 'docs/README.md', text }, { ...repository, read: readWith(text) })).toEqual([problem]);
  });

  function readWith(text: string): Repository['read'] {
    return (path) => (path === 'docs/README.md' ? text : repository.read(path));
  }

  test('the commands and their options were found at all', () => {
    expect([...repository.commands.keys()]).toEqual([
      'run',
      'check',
      'route-test',
      'status',
      'phone',
      'browser-phone',
      'demo',
      'costs',
      'latency',
      'import-avc',
      'opensips-hub',
      'help',
    ]);
    expect(repository.commands.get('phone')).toContain('--dtmf');
  });
});

test('the README has the two commands that a stranger types, and the picture of a call', () => {
  const readme = page('README.md').text;
  expect(readme).toContain('npm ci && npm run demo');
  expect(readme).toContain('npm ci && npm test');
  expect(linksOf(readme)).toContain('docs/images/call.png');
});

test('every page of the documentation can be reached from its table of contents', () => {
  const listed = linksOf(page('docs/README.md').text);
  expect(documents.filter((name) => name !== 'README.md' && !listed.includes(name))).toEqual([]);
});

test('every room of the source has its place in CONTRIBUTING', () => {
  const text = page('CONTRIBUTING.md').text;
  const rooms = namesIn('src').filter((name) => !name.includes('.'));
  expect(rooms.filter((room) => !text.includes(`| \`src/${room}/\` |`))).toEqual([]);
});

test('every command of the command line is in the table of the README', () => {
  const readme = page('README.md').text;
  const commands = [...repository.commands.keys()].filter((name) => name !== 'help');
  expect(commands.filter((name) => !readme.includes(`| \`voice-connector ${name}`))).toEqual([]);
});
