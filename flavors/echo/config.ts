import { fliteVoices } from 'sip-voice-connector/cascade';
import * as z from 'zod';

/** What a config file may say under a flavor with `use: echo`. All but `mode` and none of it required. */
export const echoConfigSchema = z.strictObject({
  mode: z
    .enum(['turns', 'immediate'])
    .default('turns')
    .describe('turns: a talking echo that waits for its turn. immediate: every frame comes back at once.'),
  voice: z.enum(fliteVoices).default('slt').describe('Voice of the greeting and of everything else it says (turns).'),
  greeting: z
    .string()
    .max(1_000)
    .default('Hello, I repeat what you say. Hash hangs up.')
    .describe('Spoken when the call is answered, unless the route has a greeting. Empty: none (turns).'),
  goodbye: z.string().max(1_000).default('Goodbye.').describe('Spoken before it hangs up (turns).'),
  maxTurnSeconds: z.int().min(1).max(120).default(30).describe('The longest turn it repeats; the rest is cut (turns).'),
  digitPauseMs: z
    .int()
    .min(200)
    .max(10_000)
    .default(1_000)
    .describe('Digits pressed with pauses shorter than this are read back together (turns).'),
});

/** An echo's configuration, defaults filled in. */
export type EchoConfig = z.output<typeof echoConfigSchema>;
