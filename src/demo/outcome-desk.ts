import { once } from 'node:events';
import { createServer } from 'node:http';

/** Longest report, bytes: ours are some hundred. */
const MAX_BYTES = 65_536;

/** An HTTP service on loopback that stands for the program of whoever sent the assistant: it takes its report. */
export interface OutcomeDesk extends AsyncDisposable {
  readonly url: string;
  /** What was reported last: the body of the request. */
  readonly report: string | undefined;
}

/** Starts it on a port of the kernel's choice. */
export async function startOutcomeDesk(): Promise<OutcomeDesk> {
  let report: string | undefined;
  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = [];
      let bytes = 0;
      for await (const chunk of request) {
        const read = Buffer.from(chunk);
        bytes += read.length;
        if (bytes <= MAX_BYTES) chunks.push(read);
      }
      if (bytes <= MAX_BYTES) report = Buffer.concat(chunks).toString('utf8');
      response.writeHead(bytes <= MAX_BYTES ? 200 : 413, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ noted: bytes <= MAX_BYTES }));
    } catch {
      // Whoever reported is gone.
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/outcomes`,
    get report() {
      return report;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
