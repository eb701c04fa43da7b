/**
 * The thirteen WASI calls that flite.wasm makes (wasi_snapshot_preview1), served from memory. Not node:wasi, because
 * Node 20's aborts the whole process when a program enlarges its memory under it, prints a warning at every start, and
 * would put the spoken text on disk.
 */

/**
 * The little of WebAssembly that is needed here, since the types of Node have none of it.
 * @typedef {{ readonly [Symbol.toStringTag]: string }} WasmModule
 * @typedef {{
 *   compile(bytes: Uint8Array): Promise<WasmModule>,
 *   Instance: new (module: WasmModule, imports: object) => { readonly exports: Readonly<Record<string, unknown>> },
 * }} WasmApi
 */

const wasm = /** @type {{ WebAssembly: WasmApi }} */ (/** @type {unknown} */ (globalThis)).WebAssembly;

/**
 * @param {Uint8Array} bytes
 * @returns {Promise<WasmModule>}
 */
export function compileProgram(bytes) {
  return wasm.compile(bytes);
}

/** Error numbers of WASI preview 1. */
const SUCCESS = 0;
const BAD_FILE = 8;
const NO_ENTRY = 44;

const STDIN = 0;
const STDOUT = 1;
const STDERR = 2;
/** The one directory that is shown to the program. */
const ROOT = 3;

const REGULAR_FILE = 4;
const DIRECTORY = 3;

const OPEN_CREATE = 1;
const OPEN_TRUNCATE = 8;

/** Thrown through the program's frames when it exits. */
class ProgramExit extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** A file in memory. */
class MemoryFile {
  /** @type {Uint8Array} */
  #bytes;
  /** @type {number} */
  length;

  /** @param {Uint8Array} content */
  constructor(content = new Uint8Array(0)) {
    this.#bytes = content;
    this.length = content.length;
  }

  /** @returns {Uint8Array} a copy of the content */
  content() {
    return this.#bytes.slice(0, this.length);
  }

  /**
   * @param {number} position
   * @param {Uint8Array} target
   * @returns {number} bytes read
   */
  read(position, target) {
    const part = this.#bytes.subarray(position, Math.min(this.length, position + target.length));
    target.set(part);
    return part.length;
  }

  /**
   * @param {number} position
   * @param {Uint8Array} source
   */
  write(position, source) {
    const end = position + source.length;
    if (end > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(end, 2 * this.#bytes.length));
      grown.set(this.#bytes.subarray(0, this.length));
      this.#bytes = grown;
    }
    this.#bytes.set(source, position);
    this.length = Math.max(this.length, end);
  }
}

/**
 * @typedef {{ readonly args: readonly string[], readonly stdin: Uint8Array }} Input `args` without the program's own name
 * @typedef {{
 *   readonly status: number,
 *   readonly stdout: Uint8Array,
 *   readonly stderr: Uint8Array,
 *   readonly files: ReadonlyMap<string, Uint8Array>,
 * }} Outcome `files`: what the program wrote to its root directory
 * @typedef {{ run(input: Input): Outcome & { readonly returned: boolean }, forget(): void, memoryBytes(): number }} Program
 * `returned`: it came to its end without an exit; `forget`: to be run again
 */

/** A program whose last run took more memory than this is made anew, bytes. */
const KEPT_BYTES = 64 * 2 ** 20;

/** @type {WeakMap<WasmModule, Program>} */
const kept = new WeakMap();

/**
 * Runs a command-line program to its end. Nothing of a run is left for the next, nor in the program's memory.
 * @param {WasmModule} module
 * @param {Input} input
 * @returns {Outcome}
 * @throws a RuntimeError of WebAssembly when the program traps
 */
export function runProgram(module, input) {
  const program = kept.get(module) ?? loadProgram(module);
  // Until it has ended well: one that trapped or exited has left its stack somewhere.
  kept.delete(module);
  const { returned, ...outcome } = program.run(input);
  if (returned && program.memoryBytes() <= KEPT_BYTES) {
    program.forget();
    kept.set(module, program);
  }
  return outcome;
}

/**
 * A program in its memory, to be run again and again: to put 17 MB back takes a twentieth of the time of making them.
 * @param {WasmModule} module
 * @returns {Program}
 */
function loadProgram(module) {
  /** @type {Map<string, MemoryFile>} */
  let files = new Map();
  /** @type {Map<number, { file: MemoryFile, position: number }>} */
  let open = new Map();
  /** @type {Uint8Array[]} */
  let argv = [];

  // The buffer is replaced whenever the program grows its memory, so no view outlives a call.
  const bytes = () => new Uint8Array(memory.buffer);
  const view = () => new DataView(memory.buffer);

  /**
   * Visits the scatter/gather list of a read or write.
   * @param {number} list
   * @param {number} count
   * @param {(part: Uint8Array) => number} transfer returns the bytes done
   */
  const eachPart = (list, count, transfer) => {
    let total = 0;
    for (let i = 0; i < count; i += 1) {
      const start = view().getUint32(list + 8 * i, true);
      const length = view().getUint32(list + 8 * i + 4, true);
      const done = transfer(bytes().subarray(start, start + length));
      total += done;
      if (done < length) break;
    }
    return total;
  };

  const calls = {
    /** @param {number} countAt @param {number} sizeAt */
    args_sizes_get(countAt, sizeAt) {
      view().setUint32(countAt, argv.length, true);
      const size = argv.reduce((sum, item) => sum + item.length, 0);
      view().setUint32(sizeAt, size, true);
      return SUCCESS;
    },
    /** @param {number} pointersAt @param {number} textAt */
    args_get(pointersAt, textAt) {
      let at = textAt;
      for (const [i, item] of argv.entries()) {
        view().setUint32(pointersAt + 4 * i, at, true);
        bytes().set(item, at);
        at += item.length;
      }
      return SUCCESS;
    },
    /**
     * Time stands still: the program only reports how long it took.
     * @param {number} _clock @param {bigint} _precision @param {number} timeAt
     */
    clock_time_get(_clock, _precision, timeAt) {
      view().setBigUint64(timeAt, 0n, true);
      return SUCCESS;
    },
    /** @param {number} fd */
    fd_close(fd) {
      return open.delete(fd) ? SUCCESS : BAD_FILE;
    },
    /** @param {number} fd @param {number} statAt */
    fd_fdstat_get(fd, statAt) {
      if (fd !== ROOT && !open.has(fd)) return BAD_FILE;
      bytes().fill(0, statAt, statAt + 24);
      view().setUint8(statAt, fd === ROOT ? DIRECTORY : REGULAR_FILE);
      view().setBigUint64(statAt + 8, ~0n, true);
      view().setBigUint64(statAt + 16, ~0n, true);
      return SUCCESS;
    },
    fd_fdstat_set_flags() {
      return SUCCESS;
    },
    /** @param {number} fd @param {number} prestatAt */
    fd_prestat_get(fd, prestatAt) {
      if (fd !== ROOT) return BAD_FILE;
      view().setUint32(prestatAt, 0, true);
      view().setUint32(prestatAt + 4, 1, true);
      return SUCCESS;
    },
    /** @param {number} fd @param {number} nameAt */
    fd_prestat_dir_name(fd, nameAt) {
      if (fd !== ROOT) return BAD_FILE;
      bytes()[nameAt] = '/'.charCodeAt(0);
      return SUCCESS;
    },
    /** @param {number} fd @param {number} list @param {number} count @param {number} doneAt */
    fd_read(fd, list, count, doneAt) {
      const handle = open.get(fd);
      if (handle === undefined) return BAD_FILE;
      const done = eachPart(list, count, (part) => {
        const length = handle.file.read(handle.position, part);
        handle.position += length;
        return length;
      });
      view().setUint32(doneAt, done, true);
      return SUCCESS;
    },
    /** @param {number} fd @param {number} list @param {number} count @param {number} doneAt */
    fd_write(fd, list, count, doneAt) {
      const handle = open.get(fd);
      if (handle === undefined) return BAD_FILE;
      const done = eachPart(list, count, (part) => {
        handle.file.write(handle.position, part);
        handle.position += part.length;
        return part.length;
      });
      view().setUint32(doneAt, done, true);
      return SUCCESS;
    },
    /** @param {number} fd @param {bigint} offset @param {number} whence @param {number} positionAt */
    fd_seek(fd, offset, whence, positionAt) {
      const handle = open.get(fd);
      if (handle === undefined) return BAD_FILE;
      const base = whence === 0 ? 0 : whence === 1 ? handle.position : handle.file.length;
      handle.position = Math.max(0, base + Number(offset));
      view().setBigUint64(positionAt, BigInt(handle.position), true);
      return SUCCESS;
    },
    /**
     * @param {number} _directory @param {number} _lookup @param {number} pathAt @param {number} pathLength
     * @param {number} flags @param {bigint} _rights @param {bigint} _inherited @param {number} _fdFlags
     * @param {number} fdAt
     */
    path_open(_directory, _lookup, pathAt, pathLength, flags, _rights, _inherited, _fdFlags, fdAt) {
      const path = new TextDecoder().decode(bytes().slice(pathAt, pathAt + pathLength));
      if ((flags & OPEN_CREATE) === 0 && !files.has(path)) return NO_ENTRY;
      const file = (flags & OPEN_TRUNCATE) === 0 ? (files.get(path) ?? new MemoryFile()) : new MemoryFile();
      files.set(path, file);
      const fd = Math.max(ROOT, ...open.keys()) + 1;
      open.set(fd, { file, position: 0 });
      view().setUint32(fdAt, fd, true);
      return SUCCESS;
    },
    /** @param {number} status */
    proc_exit(status) {
      throw new ProgramExit(status);
    },
  };

  const instance = new wasm.Instance(module, { wasi_snapshot_preview1: calls });
  const memory = /** @type {{ readonly buffer: ArrayBuffer }} */ (instance.exports['memory']);
  const start = /** @type {() => void} */ (instance.exports['_start']);
  const pristine = bytes().slice();

  /** @type {Program['run']} */
  const run = ({ args, stdin }) => {
    files = new Map();
    const output = new MemoryFile();
    const errors = new MemoryFile();
    open = new Map([
      [STDIN, { file: new MemoryFile(stdin), position: 0 }],
      [STDOUT, { file: output, position: 0 }],
      [STDERR, { file: errors, position: 0 }],
    ]);
    argv = ['program', ...args].map((text) => new TextEncoder().encode(`${text}\0`));
    let status = 0;
    let returned = false;
    try {
      start();
      returned = true;
    } catch (error) {
      if (!(error instanceof ProgramExit)) throw error;
      status = error.status;
    }
    return {
      returned,
      status,
      stdout: output.content(),
      stderr: errors.content(),
      files: new Map([...files].map(([path, file]) => [path, file.content()])),
    };
  };
  const forget = () => {
    files = new Map();
    open = new Map();
    argv = [];
    bytes().fill(0, pristine.length);
    bytes().set(pristine);
  };
  return { run, forget, memoryBytes: () => memory.buffer.byteLength };
}
