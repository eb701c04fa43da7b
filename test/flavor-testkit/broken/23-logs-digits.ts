import { broken, withFlavor } from './breaking.js';

export default broken(
  23,
  /digits of the caller is in the log line/,
  withFlavor((flavor) => ({
    async open(call) {
      const session = await flavor.open(call);
      const { onDtmf } = session;
      session.onDtmf = (digits) => {
        call.log.debug({ digits }, 'keys pressed');
        onDtmf.call(session, digits);
      };
      return session;
    },
  })),
);
