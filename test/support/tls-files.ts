import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readTlsMaterial, type TlsMaterial } from '../../src/base/tls-material.js';

/** Path of a file in `test/fixtures/tls/`, which its `make.sh` has made. */
export function tlsFile(name: string): string {
  return fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
}

export function tlsText(name: string): string {
  return readFileSync(tlsFile(name), 'utf8');
}

/** Certificate and key of that name, and the authority of all but the stranger's. */
export function tlsMaterial(name: string): Promise<TlsMaterial> {
  return readTlsMaterial({ ...tlsPair(name), ca: tlsFile('authority.crt') });
}

export function tlsPair(name: string): { readonly cert: string; readonly key: string } {
  return { cert: tlsFile(`${name}.crt`), key: tlsFile(`${name}.key`) };
}
