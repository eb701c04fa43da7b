import { broken, withSession } from './breaking.js';

export default broken(
  28,
  /onPlayout\(\) threw/,
  withSession((session) => {
    const playing = new Set<string>();
    return {
      onPlayout(report) {
        if (report.state === 'started') playing.add(report.responseId);
        else if (!playing.delete(report.responseId)) throw new Error(`no response ${report.responseId}`);
        session.onPlayout(report);
      },
    };
  }),
);
