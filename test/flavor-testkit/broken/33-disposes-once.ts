import { broken, withFlavor } from './breaking.js';

export default broken(
  33,
  /already disposed of/,
  withFlavor((flavor) => {
    let disposed = false;
    return {
      async [Symbol.asyncDispose]() {
        if (disposed) throw new Error('already disposed of');
        disposed = true;
        await flavor[Symbol.asyncDispose]();
      },
    };
  }),
);
