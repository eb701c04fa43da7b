import '../../../dist/src/media/worker/thread-entry.js';

/** A media thread that works, and then does not. */
setTimeout(() => {
  throw new Error('killed by a test');
}, 400);
