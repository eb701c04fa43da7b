import type { FakeCommand, RunningFake } from '../command.js';

/** A fake of a provider of speech, as the command line starts it. */
interface StartedFake extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly object[];
  recover(): void;
}

export interface HostedCommand<Fake extends StartedFake> {
  readonly name: string;
  /** What it imitates. */
  readonly title: string;
  readonly options: readonly string[];
  readonly variants: readonly string[];
  readonly faults: readonly string[];
  /** The section of a flavor's configuration. */
  section(url: string, key: string): string;
  open(given: { readonly port: number; readonly apiKey?: string; readonly variant: string | undefined }): Promise<Fake>;
  fail(fake: Fake, fault: string): void;
}

/** What the fakes of providers of speech have in common, by hand. */
export function hostedCommand<Fake extends StartedFake>(about: HostedCommand<Fake>): FakeCommand {
  const { name, options, variants, faults } = about;
  return {
    name,
    options,
    variants,
    faults,
    async start({ port, key, variant }): Promise<RunningFake> {
      const fake = await about.open({ port, ...(key !== undefined && { apiKey: key }), variant });
      return {
        url: fake.url,
        introduction: `A fake of ${about.title} listens at ${fake.url}

Point a voice at it, in the section of a flavor that has one:

  tts: ${about.section(fake.url, key ?? 'anything')}

It speaks with the offline voice. Ctrl-C ends it.
`,
        fail: (fault) => about.fail(fake, fault),
        recover: () => fake.recover(),
        timeline: () => ({ requests: fake.requests }),
        [Symbol.asyncDispose]: () => fake[Symbol.asyncDispose](),
      };
    },
  };
}
