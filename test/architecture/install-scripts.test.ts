import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface Lock {
  readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
}

/** npm 11 runs no script of a package, and warns of each that nobody has decided about. */
test('about every install script of a package it is decided', () => {
  const lock: Lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const { allowScripts }: { allowScripts: object } = JSON.parse(readFileSync('package.json', 'utf8'));
  const scripted = Object.entries(lock.packages).filter(([, { hasInstallScript }]) => hasInstallScript === true);
  const names = scripted.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length));
  expect(names.length).toBeGreaterThan(0);
  expect(Object.keys(allowScripts).toSorted()).toEqual(names.toSorted());
});
