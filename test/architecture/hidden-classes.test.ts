import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What is made for each call. */
const PER_CALL = ['src/call', 'src/signaling', 'flavors/openai-realtime'];
/** What is made once a process. */
const ONCE = /driver\.ts$|\/transport\/|\/hub\/|voice-connector\.ts$/;

/** `new Part({ ...some, more })`: an object that lives with a part, whose literal begins with a spread and has more. */
const SPREAD_FIRST = /new [\w.]+(?:<[^>]*>)?\(\s*(?:[^(){}]*,\s*)?\{\s*\.\.\.[^,\n]*(?:\{[^}\n]*\})?,\s*[^\s}]/g;

/** `{ ...{ one, two }, more }`, wherever it stands: something is always added. */
const LITERAL_FIRST = /\{\s*\.\.\.\{[^{}]*\},\s*[^\s}]/g;

function literalFirst(text: string): readonly string[] {
  return [...text.matchAll(LITERAL_FIRST)].map(([found]) => found.replace(/\s+/g, ' '));
}

function sourcesIn(folders: readonly string[]): readonly string[] {
  const paths = folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((path) => join(folder, path)),
  );
  return paths.filter((path) => path.endsWith('.ts') && !ONCE.test(path));
}

function foundIn(paths: readonly string[], find: (text: string) => readonly string[]): readonly string[] {
  return paths.flatMap((path) => find(readFileSync(join(repository, path), 'utf8')).map((text) => `${path}: ${text}`));
}

function spreadFirst(text: string): readonly string[] {
  return [...text.matchAll(SPREAD_FIRST)].map(([found]) => found.replace(/\s+/g, ' '));
}

/**
 * V8 (of Node 20) makes a hidden class of its own for each object whose literal begins with a spread and then adds to it:
 * some hundred bytes, and whoever reads a field of it has one more line of memory to wait for, and no cache that knows the
 * place. With the spread last all of them have the same one.
 */
test('parts of a call are given objects whose literal ends with the spread, not begins with it', () => {
  const paths = sourcesIn(PER_CALL);
  expect(paths.length).toBeGreaterThan(100);
  expect(foundIn(paths, spreadFirst)).toEqual([]);
});

test('where calls are made no literal begins with the spread of another and has more', () => {
  const paths = sourcesIn([...PER_CALL, 'src/connector', 'src/media', 'src/ops']);
  expect(paths.length).toBeGreaterThan(200);
  expect(foundIn(paths, literalFirst)).toEqual([]);
});

test.each([
  ['new Line({ ...config.reconnect, clock })', 1],
  ['new Line(\n  {\n    ...config.reconnect,\n    clock,\n  },\n)', 1],
  ['new Farewell(this.#options, { ...this.#parts, onOver })', 1],
  ['new Channel({\n  ...{ endpoint, dialog },\n  headers: 1,\n})', 1],
  ['new Line({ clock, ...config.reconnect })', 0],
  ['new Line({ ...config.reconnect })', 0],
  ['f({ ...state, phase })', 0],
])('%j', (text, count) => {
  expect(spreadFirst(text)).toHaveLength(count);
});

test.each([
  ['return {\n  ...{ clock, engine },\n  invite,\n};', 1],
  ['const order = { ...{ type, id }, ...{ place, nets } };', 1],
  ['return { invite, ...{ clock, engine } };', 0],
  ['return { ...{ clock, engine } };', 0],
])('%j', (text, count) => {
  expect(literalFirst(text)).toHaveLength(count);
});
