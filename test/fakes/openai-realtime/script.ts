import type { Reply } from './reply.js';

/** What a reply is to. */
export interface MindTurn {
  /**
   * `greeting`: the conversation is empty. `caller`: the caller has said or written something. `tool-result`: results
   * came in. `continuation`: a response was asked for though nothing is new.
   */
  readonly cause: 'greeting' | 'caller' | 'tool-result' | 'continuation';
  /** What the caller said since the last reply, as the mind understood it; empty when it was nothing. */
  readonly heard: string;
  /** Results since the last reply. */
  readonly toolResults: readonly { readonly name: string; readonly output: string }[];
  /** The instructions that hold for this response. */
  readonly instructions: string;
  /** Names of the functions that may be called. */
  readonly tools: readonly string[];
}

/** Decides what one session's model understands and says. */
export interface Mind {
  /**
   * What an utterance is taken for that sounds like none of the known ones, `audioMs` long with the silence around it.
   * Empty: nobody said anything.
   */
  guess(audioMs: number): string;
  reply(turn: MindTurn): Reply | Promise<Reply>;
}

/** Makes a mind for each session. */
export type Script = () => Mind;

/** An exchange of a scripted dialogue. */
export interface ScriptLine {
  /** What the caller says. Without it, the line answers whatever comes when it is its turn. */
  readonly caller?: string;
  readonly reply: Reply | string;
}

export interface LinesOptions {
  /** To a response asked for in an empty conversation. */
  readonly greeting?: Reply | string;
  /** To tool results for which no line is left. */
  readonly afterTools?: Reply | string;
  /** When the lines are used up. */
  readonly otherwise?: Reply | string;
}

const linesDefaults = {
  greeting: 'Hello, how can I help you?',
  afterTools: 'That is done.',
  otherwise: 'I see. Anything else?',
} as const satisfies LinesOptions;

/**
 * A script from a list of exchanges. What the caller was understood to say picks its line; what fits none gets the next
 * line that was not used yet.
 */
export function scriptOf(lines: readonly ScriptLine[], options: LinesOptions = {}): Script {
  const replies = { ...linesDefaults, ...options };
  return () => {
    const used = new Set<ScriptLine>();
    const next = (): ScriptLine | undefined => lines.find((line) => !used.has(line));
    return {
      guess: () => next()?.caller ?? '',
      reply: ({ cause, heard }) => {
        if (cause === 'greeting') return asReply(replies.greeting);
        if (cause === 'tool-result') return asReply(replies.afterTools);
        const line = lines.find((each) => !used.has(each) && sameWords(each.caller, heard)) ?? next();
        if (line === undefined) return asReply(replies.otherwise);
        used.add(line);
        return asReply(line.reply);
      },
    };
  };
}

/** A reply out of what may be just its text. */
export function asReply(reply: Reply | string): Reply {
  return typeof reply === 'string' ? { text: reply } : reply;
}

function sameWords(known: string | undefined, heard: string): boolean {
  return known !== undefined && plain(known) === plain(heard);
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

/**
 * What instructions want said word for word: the quoted text after `say exactly`, JSON escapes undone. `undefined` when
 * they do not ask for that.
 */
export function verbatimOf(instructions: string): string | undefined {
  const quoted = /say (?:exactly|verbatim|word for word)[^"“]{0,40}["“]((?:[^"”\\]|\\.)*)["”]/is.exec(
    instructions,
  )?.[1];
  return quoted?.replace(/\\n/g, '\n').replace(/\\(.)/gs, '$1');
}
