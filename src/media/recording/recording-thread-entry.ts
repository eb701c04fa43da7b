import { parentPort } from 'node:worker_threads';
import { assertUnreachable } from '../../base/assert.js';
import { errorMessage } from '../../base/connector-error.js';
import { loadOpus } from '../opus/load-opus.js';
import { setThreadNice } from '../thread-nice.js';
import { oggRecordings } from './ogg-recording.js';
import type { RecordingFile } from './recording-file.js';
import type { RecordingReply, RecordingRequest } from './recording-thread.js';

/** Where the recording thread begins. */

const NICE = 10;

setThreadNice(NICE);

const opus = loadOpus('@evan/opus');
const files = new Map<number, RecordingFile>();

async function carryOut({ file: number, order }: RecordingRequest): Promise<void> {
  if (order.type === 'create') {
    const library = await opus;
    if (library === undefined) throw new Error('@evan/opus cannot be loaded');
    files.set(number, await oggRecordings(library, () => order.serial)(order.path));
    return;
  }
  const file = files.get(number);
  if (file === undefined) throw new Error('the file was created by another thread, which has ended');
  switch (order.type) {
    case 'begin':
      return file.begin();
    case 'write':
      return file.write(order);
    case 'settle':
      return file.settle();
    case 'finish':
      return file.finish(order.frames);
    case 'close':
      files.delete(number);
      return file.close();
    default:
      return assertUnreachable(order);
  }
}

parentPort?.on('message', (request: RecordingRequest) => {
  const reply = (error: string | undefined): void => {
    const message: RecordingReply = { id: request.id, error };
    parentPort?.postMessage(message);
  };
  carryOut(request).then(
    () => reply(undefined),
    (error: unknown) => reply(errorMessage(error)),
  );
});
