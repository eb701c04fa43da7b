/** What helps a process that may open no more files and sockets. */
export const OPEN_FILES_REMEDY =
  'raise the limit of open files (ulimit -n; LimitNOFILE= of a systemd unit, ulimits: nofile: of a Compose file)';

/**
 * What is wrong with a file in plain words, for the usual codes of `fs`; else the words of the error.
 *
 * @param missing what it means that something is not there: of a file to be written, its directory
 */
export function fileProblem(error: unknown, missing = 'there is no such file'): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ENOENT':
      return missing;
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'what should be its directory is a file';
    case 'EROFS':
      return 'the disk is read-only';
    case 'ENOSPC':
      return 'the disk is full';
    case 'EMFILE':
      return `this process may have no more files and sockets open: ${OPEN_FILES_REMEDY}`;
    case 'ENFILE':
      return 'the system has no more files to open (sysctl fs.file-max)';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}
