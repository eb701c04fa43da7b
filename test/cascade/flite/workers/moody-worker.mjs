import { parentPort } from 'node:worker_threads';

let jobs = 0;

/** A stand-in for the speech thread that does what the text says. */
parentPort?.on('message', ({ id, text }) => {
  jobs += 1;
  if (text === 'throw') throw new Error('the voice broke');
  if (text === 'exit') process.exit(7);
  if (text === 'hang') return;
  if (text === 'fail') {
    parentPort?.postMessage({ id, error: 'no such word' });
    return;
  }
  parentPort?.postMessage({ id, pcm: new Int16Array(text === 'count' ? jobs : text.length), utterances: [] });
});
