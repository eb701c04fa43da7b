import { parseArgs } from 'node:util';
import { salonCallerLines, startFakeOpenAiRealtime } from './openai-realtime/index.js';

const USAGE = `usage: npm run fake -- openai-realtime [options]

  --port N     listen on this port of 127.0.0.1 (default: one of the system's choice)
  --key K      let only this API key in (default: any)
  --beta       speak the beta dialect
  --json       print one line of JSON when ready, {"url": ...}, and nothing else
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    port: { type: 'string', default: '0' },
    key: { type: 'string' },
    beta: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

if (positionals[0] !== 'openai-realtime') {
  process.stderr.write(USAGE);
  process.exit(2);
}

await using fake = await startFakeOpenAiRealtime({
  port: Number(values.port),
  ...(values.key === undefined ? {} : { apiKey: values.key }),
  dialect: values.beta ? 'beta' : 'ga',
  // The phone of `npm run demo` has this voice.
  utterances: salonCallerLines.map((text) => ({ text, voice: 'rms' })),
});
process.stdout.write(values.json ? `${JSON.stringify({ url: fake.url })}\n` : introduction(fake.url));
await new Promise<void>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
});

function introduction(url: string): string {
  return `A fake of OpenAI's Realtime API listens at ${url}

Point a flavor at it:

  flavors:
    frontdesk: { use: openai-realtime, url: "${url}", apiKey: "${values.key ?? 'anything'}" }

It answers as a hairdresser's receptionist. Ctrl-C ends it.
`;
}
