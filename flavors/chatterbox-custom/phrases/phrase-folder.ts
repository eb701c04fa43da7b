import { chmod, lstat, mkdir, readdir, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from 'sip-voice-connector/cascade';
import { type PhraseSound, phraseBytes, readPhrase, writePhrase } from './phrase-file.js';

const NAME = /^([0-9a-f]{64})\.phrase$/;
const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/**
 * Phrases on disk, one file each, named by a hash so that no name tells what was said. The least recently used leave when
 * there are too many bytes. What is not whole is deleted; a disk that fails costs phrases, never a call.
 */
export class PhraseFolder {
  readonly #path: string;
  readonly #maxBytes: number;
  readonly #random: Random;
  /** Bytes of each file, the least recently used first. */
  readonly #files = new Map<string, number>();
  #bytes = 0;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, maxBytes: number, random: Random) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    this.#random = random;
  }

  /** Opens a folder, made where there is none. @throws Error of the file system where it cannot be used */
  static async open(path: string, maxBytes: number, random: Random): Promise<PhraseFolder> {
    const folder = new PhraseFolder(path, maxBytes, random);
    await mkdir(path, { recursive: true, mode: PRIVATE_FOLDER });
    const found: { name: string; bytes: number; usedMs: number }[] = [];
    for (const entry of await readdir(path)) {
      const name = NAME.exec(entry)?.[1];
      const stat = await lstat(join(path, entry)).catch(() => undefined);
      if (name !== undefined && stat?.isFile() === true) {
        if ((stat.mode & 0o777) !== PRIVATE_FILE) await chmod(join(path, entry), PRIVATE_FILE).catch(() => undefined);
        found.push({ name, bytes: stat.size, usedMs: stat.mtimeMs });
      }
      // Half of a file that was being written when the process died.
      else if (entry.startsWith('.new-') && stat?.isFile() === true) await rm(join(path, entry), { force: true });
    }
    for (const { name, bytes } of found.toSorted((one, other) => one.usedMs - other.usedMs)) folder.#enter(name, bytes);
    await folder.#evict();
    return folder;
  }

  get bytes(): number {
    return this.#bytes;
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** @param wallTimeMs now, for the order in which files leave */
  async read(name: string, wallTimeMs: number): Promise<PhraseSound | undefined> {
    const bytes = this.#files.get(name);
    if (bytes === undefined) return undefined;
    const file = join(this.#path, `${name}.phrase`);
    // A file that was put in its place may be of any size.
    const size = await lstat(file).then(
      (stat) => (stat.isFile() ? stat.size : -1),
      () => -1,
    );
    const found = size === bytes ? await readFile(file).then(readPhrase, () => undefined) : undefined;
    if (found === undefined) {
      this.#leave(name);
      await rm(file, { force: true }).catch(() => undefined);
      return undefined;
    }
    this.#leave(name);
    this.#enter(name, bytes);
    await utimes(file, wallTimeMs / 1_000, wallTimeMs / 1_000).catch(() => undefined);
    return found;
  }

  /** Keeps a phrase; files are written one after the other. Never rejects. */
  write(name: string, phrase: PhraseSound): Promise<void> {
    const bytes = phraseBytes(phrase);
    if (bytes > this.#maxBytes || this.#files.has(name)) return this.#writing;
    this.#enter(name, bytes);
    this.#writing = this.#writing.then(() => this.#write(name, phrase));
    return this.#writing;
  }

  async #write(name: string, phrase: PhraseSound): Promise<void> {
    const half = join(this.#path, `.new-${this.#random.hex(8)}`);
    try {
      await writeFile(half, writePhrase(phrase), { mode: PRIVATE_FILE, flag: 'wx' });
      await rename(half, join(this.#path, `${name}.phrase`));
    } catch {
      this.#leave(name);
      await rm(half, { force: true }).catch(() => undefined);
    }
    await this.#evict();
  }

  async #evict(): Promise<void> {
    for (const name of this.#files.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#leave(name);
      await rm(join(this.#path, `${name}.phrase`), { force: true }).catch(() => undefined);
    }
  }

  #enter(name: string, bytes: number): void {
    this.#files.set(name, bytes);
    this.#bytes += bytes;
  }

  #leave(name: string): void {
    this.#bytes -= this.#files.get(name) ?? 0;
    this.#files.delete(name);
  }
}
