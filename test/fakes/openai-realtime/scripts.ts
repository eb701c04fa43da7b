import { assistantReplies, assistantScript, calledSalonLines } from './assistant-script.js';
import { salonReplies, salonScript, salonUtterances } from './salon-script.js';
import type { Script } from './script.js';

/** A dialogue that fakes can have by hand: what they understand by its sound, and what they say to it. */
export interface FakeScript {
  /** Who the fake is, for its introduction: "as ...". */
  readonly role: string;
  readonly utterances: readonly { readonly text: string; readonly spokenAs?: string }[];
  /** What a recogniser makes of sounds that are none of these, in their order. */
  readonly lines: readonly string[];
  readonly script: Script;
  /** All that it says. */
  readonly replies: readonly string[];
}

const scripts = {
  salon: {
    role: "a hairdresser's receptionist",
    utterances: salonUtterances,
    lines: salonUtterances.map(({ text }) => text),
    script: salonScript,
    replies: salonReplies,
  },
  assistant: {
    role: 'an assistant that has rung a hairdresser',
    utterances: calledSalonLines.map((text) => ({ text })),
    // Music is no words.
    lines: [''],
    script: assistantScript,
    replies: assistantReplies,
  },
} as const satisfies Record<string, FakeScript>;

/** Names for `--script`; the first is the default. */
export const scriptNames: readonly string[] = Object.keys(scripts);

/** The script of this name; that of the salon where it has none. */
export function scriptNamed(name: string | undefined): FakeScript {
  return name === 'assistant' ? scripts.assistant : scripts.salon;
}

/** For the help. */
export const scriptOption = `--script S     what is talked about: ${scriptNames.join(', ')} (default: salon)`;
