import type { ActiveAnswer, AnswerRequest, TurnCommand, TurnState } from './turn-state.js';

/** Requests that may wait; a host asks for a few at most. */
const MAX_WAITING = 32;

/** What a step makes of a state: the next one, under construction, and what is to be done. */
export interface Step {
  state: TurnState;
  readonly commands: TurnCommand[];
}

/** Adds a request. One reply answers all that was said before it: there is never a second waiting. */
export function ask(step: Step, request: AnswerRequest): void {
  const { waiting } = step.state;
  if (request.kind === 'reply' && waiting.some(({ kind }) => kind === 'reply')) return;
  if (waiting.length < MAX_WAITING) step.state = { ...step.state, waiting: [...waiting, request] };
}

/** Takes back what was begun and got nowhere. */
export function putBack(step: Step, request: AnswerRequest): void {
  const rest =
    request.kind === 'reply' ? step.state.waiting.filter(({ kind }) => kind !== 'reply') : step.state.waiting;
  step.state = { ...step.state, waiting: [request, ...rest] };
}

/** Words that were given are said as they are to their end: no model knows them. */
export function remainderOf({ request }: ActiveAnswer, rest = ''): AnswerRequest {
  return request.kind === 'words' && rest.trim() !== '' ? { kind: 'words', text: rest } : { kind: 'go-on' };
}

export function retain(step: Step, keep: (request: AnswerRequest) => boolean): void {
  step.state = { ...step.state, waiting: step.state.waiting.filter(keep) };
}

export function setActive(step: Step, patch: Partial<ActiveAnswer>): void {
  const { active } = step.state;
  if (active) step.state = { ...step.state, active: { ...active, ...patch } };
}

/** Begins an answer. */
export function begin(step: Step, request: AnswerRequest, speculativeOn?: string): void {
  const id = step.state.answers + 1;
  const active: ActiveAnswer = { id, request, speculativeOn, emitted: false, called: false, held: [] };
  step.state = { ...step.state, answers: id, active };
  step.commands.push({ type: 'begin', id, request, ...(speculativeOn !== undefined && { on: speculativeOn }) });
}

/** Gives the answer up that is being made. `again`: without a trace, since it will be asked for anew. */
export function withdraw(step: Step, again: boolean): void {
  const { active } = step.state;
  if (!active) return;
  step.state = { ...step.state, active: undefined };
  step.commands.push({ type: 'withdraw', id: active.id, again });
}

/** Whether the caller has heard, and the world seen, nothing of the answer: it can be taken back. */
function isUnseen(active: ActiveAnswer | undefined): active is ActiveAnswer {
  return active !== undefined && !active.emitted && !active.called;
}

/** The caller goes on before anything of the reply was heard: it came too early, and is owed again. */
export function takeBackReply(step: Step): boolean {
  const { active } = step.state;
  if (!isUnseen(active) || active.request.kind !== 'reply') return false;
  withdraw(step, true);
  if (active.speculativeOn === undefined) putBack(step, active.request);
  return true;
}

/** An answer on words that turned out not to be all. */
export function dropSpeculation(step: Step): void {
  if (step.state.active?.speculativeOn !== undefined) withdraw(step, true);
}
