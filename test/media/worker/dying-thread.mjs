// The build is there when tests run, but not when types are checked.
await import(new URL('../../../dist/src/media/worker/thread-entry.js', import.meta.url).href);

/** A media thread that works, and then does not. */
setTimeout(() => {
  throw new Error('killed by a test');
}, 400);
