import { Writable } from 'node:stream';
import { expect } from 'vitest';

/**
 * Collects what a connector gives away (logs, records, metrics, answers) and says whether planted secrets, digits or
 * words are in it. A canary should be long and odd enough not to appear by chance.
 */
export class CanaryCage {
  readonly #collected: { readonly where: string; readonly text: string }[] = [];

  /** Adds output, named for the failure message. */
  collect(where: string, text: string): void {
    this.#collected.push({ where, text });
  }

  /** A stream that collects what is written to it: for logs and child processes. */
  stream(where: string): Writable {
    // Joined, because a canary may be split between two writes.
    const entry = { where, text: '' };
    this.#collected.push(entry);
    return new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        entry.text += chunk.toString('utf8');
        done();
      },
    });
  }

  /** Everything collected so far, for looking at what *should* be there. */
  get text(): string {
    return this.#collected.map(({ text }) => text).join('\n');
  }

  /** Fails when one of `canaries` is in the output: as it is, backwards, percent-encoded, or in base64 or hexadecimal. */
  expectAbsent(...canaries: readonly string[]): void {
    const leaks = canaries.flatMap((canary) =>
      this.#collected.flatMap(({ where, text }) =>
        spellings(canary).flatMap(([how, spelling]) =>
          text.toLowerCase().includes(spelling.toLowerCase()) ? [`${canary} (${how}) in ${where}`] : [],
        ),
      ),
    );
    expect(leaks).toEqual([]);
  }
}

function spellings(canary: string): readonly (readonly [string, string])[] {
  const bytes = Buffer.from(canary);
  // Base64 spells a text in three ways, by what stands before it; the characters at the edges belong to the neighbours.
  const base64 = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return ['base64', text.slice(offset === 0 ? 0 : offset + 1, text.length - 1)] as const;
  });
  return [
    ['plain', canary],
    ['escaped', JSON.stringify(canary).slice(1, -1)],
    ['percent-encoded', encodeURIComponent(canary)],
    ['backwards', [...canary].reverse().join('')],
    ['hexadecimal', bytes.toString('hex')],
    ...base64,
  ];
}
