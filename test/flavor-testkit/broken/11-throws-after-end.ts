import { broken, withSession } from './breaking.js';

export default broken(
  11,
  /write\(\) threw/,
  withSession((session) => {
    let ended = false;
    return {
      events: {
        async *[Symbol.asyncIterator]() {
          for await (const event of session.events) {
            ended ||= event.type === 'end';
            yield event;
          }
        },
      },
      write(frame) {
        if (ended) throw new Error('the session is closed');
        session.write(frame);
      },
    };
  }),
);
