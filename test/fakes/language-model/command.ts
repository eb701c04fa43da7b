import type { FakeCommand, RunningFake } from '../command.js';
import { scriptNamed, scriptNames, scriptOption } from '../openai-realtime/scripts.js';
import { isModelFault, modelFaults } from './faults.js';
import type { Mind } from './scripted-answer.js';
import { scriptedMind } from './scripted-mind.js';
import type { ModelService } from './service.js';

/** What a fake of a provider of text has in common with the others, by hand. */
export function modelCommand(
  about: Pick<FakeCommand, 'name' | 'options' | 'variants'> & {
    /** What it imitates. */
    readonly title: string;
    /** The section of a flavor's configuration. */
    section(url: string, key: string, variant: string | undefined): string;
    open(options: {
      readonly port: number;
      readonly apiKey?: string;
      readonly variant: string | undefined;
      readonly mind: Mind;
    }): Promise<ModelService & { readonly baseUrl: string }>;
  },
): FakeCommand {
  return {
    name: about.name,
    options: [...about.options, scriptOption],
    scripts: scriptNames,
    variants: about.variants,
    faults: modelFaults,
    async start({ port, key, variant, script: name }): Promise<RunningFake> {
      const { role, script } = scriptNamed(name);
      const mind = scriptedMind(script);
      const fake = await about.open({ port, ...(key !== undefined && { apiKey: key }), variant, mind });
      return {
        url: fake.baseUrl,
        introduction: `A fake of ${about.title} listens at ${fake.baseUrl}

Point a language model at it, in the section of a flavor that has one:

  llm: ${about.section(fake.baseUrl, key ?? 'anything', variant)}

It answers as ${role}. Ctrl-C ends it.
`,
        fail(fault) {
          if (isModelFault(fault)) fake.fail(fault);
        },
        recover: () => fake.recover(),
        timeline: () => ({ requests: fake.requests }),
        [Symbol.asyncDispose]: () => fake.close(),
      };
    },
  };
}
