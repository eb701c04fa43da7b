import type { FakeArguments, FakeCommand, RunningFake } from '../command.js';
import { isSpeechFault, type SpeechFault, speechFaults } from '../speech-server/faults.js';
import type { SeenSpeechRequest } from '../speech-server/http-fake.js';
import { devnenFaults, FakeDevnen, FakeModal, FakeTravisvn } from './index.js';

const servers = ['devnen', 'devnen-old', 'travisvn', 'modal', 'modal-json'] as const;
type ServerName = (typeof servers)[number];

/** Of a good GPU. */
const voice = { realTimeFactor: 0.4 };
const COLD_START_MS = 8_000;

/** What is common to the fakes of speech servers. */
interface SpeechFake extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly SeenSpeechRequest[];
  fail(name: SpeechFault): void;
  recover(): void;
}

/** `npm run fake -- chatterbox`. */
export const chatterboxCommand: FakeCommand = {
  name: 'chatterbox',
  options: [`--variant V    the server: ${servers.join(', ')} (default: devnen)`],
  variants: servers,
  faults: [...speechFaults, ...devnenFaults],
  async start(given) {
    const server = servers.find((name) => name === given.variant) ?? 'devnen';
    const fake = await started(server, given);
    return runningSpeechFake(fake, introduction(server, fake.url, given.key), (fault) => {
      if (fault === 'not-loaded' && fake instanceof FakeDevnen) fake.fail(fault);
    });
  },
};

/** A fake as `npm run fake` wants it. */
export function runningSpeechFake(
  fake: SpeechFake,
  introduction: string,
  failOtherwise: (fault: string) => void = () => undefined,
): RunningFake {
  return {
    url: fake.url,
    introduction,
    fail: (fault) => (isSpeechFault(fault) ? fake.fail(fault) : failOtherwise(fault)),
    recover: () => fake.recover(),
    timeline: () => ({ requests: fake.requests }),
    [Symbol.asyncDispose]: async () => fake[Symbol.asyncDispose](),
  };
}

function started(server: ServerName, { port, key }: FakeArguments): Promise<FakeDevnen | FakeTravisvn | FakeModal> {
  const token = key === undefined ? {} : { token: key };
  switch (server) {
    case 'devnen':
    case 'devnen-old':
      return FakeDevnen.start({ port, voice, old: server === 'devnen-old', ...token });
    case 'travisvn':
      return FakeTravisvn.start({ port, voice, ...token });
    case 'modal':
    case 'modal-json':
      return FakeModal.start({
        port,
        voice,
        app: server === 'modal' ? 'example' : 'events',
        coldStartMs: COLD_START_MS,
        ...(key !== undefined && { proxyAuth: { key, secret: key } }),
      });
  }
}

function introduction(server: ServerName, url: string, key: string | undefined): string {
  const name = server.replace(/-\w+$/, '');
  const credentials =
    key === undefined ? '' : name === 'modal' ? `, key: "${key}", secret: "${key}"` : `, token: "${key}"`;
  const api = server === 'modal-json' ? ', api: json' : '';
  return `A fake of a Chatterbox server listens at ${url}.

Let it stand by for the voice of a flavor made of stages, or put it in a tier of chatterbox-custom:

  standby: { tts: [{ provider: chatterbox, server: ${name}, url: "${url}"${credentials}${api} }] }

It speaks English by an offline voice, at 0.4 of real time. Ctrl-C ends it.
`;
}
