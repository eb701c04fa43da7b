import fsPromises from 'node:fs/promises';
import type { FileSystem, OpenFile } from '../../src/ops/file-system.js';

/** What the disk does wrong at the moment; change it at any time. */
export interface DiskFaults {
  /** `write` rejects with this errno. */
  write?: string | undefined;
  /** Bytes that the disk still takes; then `write` rejects with ENOSPC. */
  freeBytes?: number | undefined;
  datasync?: string | undefined;
  open?: string | undefined;
  /** Only files whose path ends like this are affected; all when absent. */
  only?: string | undefined;
}

/** Each successful operation on files that `faults.only` names, in order. */
export type DiskOperation = { readonly path: string; readonly op: 'write' | 'datasync'; readonly bytes: number };

/** The real file system with faults that can be switched on, and a list of what was done. */
export function faultyFileSystem(faults: DiskFaults): FileSystem & { readonly operations: DiskOperation[] } {
  const operations: DiskOperation[] = [];
  const concerns = (path: string): boolean => faults.only === undefined || path.endsWith(faults.only);
  return {
    operations,
    mkdir: (path, options) => fsPromises.mkdir(path, options),
    stat: (path) => fsPromises.stat(path),
    rename: (from, to) => fsPromises.rename(from, to),
    open: async (path, flags, mode) => {
      if (faults.open !== undefined && concerns(path)) throw fault(faults.open);
      const file = await fsPromises.open(path, flags, mode);
      const faulty: OpenFile = {
        read: (into, offset, length, position) => file.read(into, offset, length, position),
        truncate: (length) => file.truncate(length),
        stat: () => file.stat(),
        close: () => file.close(),
        datasync: async () => {
          if (faults.datasync !== undefined && concerns(path)) throw fault(faults.datasync);
          await file.datasync();
          operations.push({ path, op: 'datasync', bytes: 0 });
        },
        write: async (data, offset, length) => {
          if (faults.write !== undefined && concerns(path)) throw fault(faults.write);
          let allowed = length;
          if (faults.freeBytes !== undefined && concerns(path)) {
            allowed = Math.min(length, faults.freeBytes);
            if (allowed === 0) throw fault('ENOSPC');
            faults.freeBytes -= allowed;
          }
          const result = await file.write(data, offset, allowed);
          operations.push({ path, op: 'write', bytes: result.bytesWritten });
          return result;
        },
      };
      return faulty;
    },
  };
}

function fault(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: injected`), { code });
}
