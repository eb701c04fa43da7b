import { PLACEHOLDER } from '../../base/placeholder.js';

/** Longest text that one variable puts into a template, characters. */
const MAX_VALUE_LENGTH = 512;

/** Header fields that carry proofs of identity: never shown to a flavor, never put into a text. */
const CREDENTIAL_HEADERS: ReadonlySet<string> = new Set(['authorization', 'proxy-authorization']);

/** Variables that every call has by itself. A route cannot set them; `call.id` it could not name anyway. */
export const callVariableNames = [
  'from',
  'to',
  'date',
  'time',
  'weekday',
  'datetime',
  'timezone',
  'call.id',
] as const satisfies readonly string[];

/** Whether a header field may leave SIP at all. `name` in any case. */
export function isCredentialHeader(name: string): boolean {
  return CREDENTIAL_HEADERS.has(name.toLowerCase());
}

/** Whether a route, or the settings of a call, may give a variable this name. */
export function isVariableName(name: string): boolean {
  return /^[A-Za-z_][\w-]{0,127}$/.test(name) && !callVariableNames.some((taken) => taken === name);
}

/** What a call knows of itself that a flavor may see. */
export interface CallerFacts {
  /** Users of the From URI and of the dialled number. */
  readonly from: string;
  readonly to: string;
  /** Header fields by lower-case name; the first value of each counts. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** What a call knows that a text may mention. */
export interface CallFacts extends CallerFacts {
  /** Of the connector's own making, as in the call record. */
  readonly id: string;
  /** When the call came in. */
  readonly moment: CallMoment;
}

/** A point in time, and where it is told. */
interface CallMoment {
  /** Milliseconds since the Unix epoch. */
  readonly wallTimeMs: number;
  /** IANA name of a zone that exists: an unknown one makes {@link callVariables} throw a `RangeError`. */
  readonly timeZone: string;
}

/**
 * The variables of one call: the route's own, `from`, `to`, `call.id`, date and time, and `sip.<Header-Name>` for every
 * header field but those that carry credentials. Names under `sip.` are found in any case.
 */
export function callVariables(
  routeVariables: Readonly<Record<string, string>>,
  facts: CallFacts,
): ReadonlyMap<string, string> {
  const own: (readonly [string, string])[] = [['call.id', facts.id], ...momentVariables(facts.moment)];
  return new Map([...own, ...callerVariables(routeVariables, facts)]);
}

/** The variables that are about the caller and the route, which a flavor sees by name. */
export function callerVariables(
  routeVariables: Readonly<Record<string, string>>,
  { from, headers, to }: CallerFacts,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const [name, values] of headers) {
    if (!isCredentialHeader(name)) variables.set(`sip.${name.toLowerCase()}`, values[0] ?? '');
  }
  variables.set('from', from).set('to', to);
  for (const [name, value] of Object.entries(routeVariables)) variables.set(name, value);
  return variables;
}

/** Zones whose formats are kept; a file has few, and the settings of a call may name any. */
const KEPT_FORMATS = 64;
const formats = new Map<string, Intl.DateTimeFormat>();

/** Making a format takes longer than a whole INVITE; using it does not. */
function momentFormat(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (formats.size >= KEPT_FORMATS) formats.clear();
  formats.set(timeZone, format);
  return format;
}

/**
 * Date and time as a model reads and a voice says them: `Tuesday, 3 March 2026`, `14:05`. The month is a word, since
 * 3/4 is another day on the other side of an ocean.
 */
function momentVariables({ wallTimeMs, timeZone }: CallMoment): readonly (readonly [string, string])[] {
  // Put together here: where a comma goes changes with the version of ICU.
  const parts = new Map(
    momentFormat(timeZone)
      .formatToParts(wallTimeMs)
      .map(({ type, value }) => [type, value]),
  );
  const part = (type: Intl.DateTimeFormatPartTypes): string => parts.get(type) ?? '';
  const weekday = part('weekday');
  const date = `${weekday}, ${part('day')} ${part('month')} ${part('year')}`;
  const time = `${part('hour')}:${part('minute')}`;
  return [
    ['date', date],
    ['time', time],
    ['weekday', weekday],
    ['datetime', `${date}, ${time}`],
    ['timezone', timeZone],
  ];
}

export interface RenderedText {
  readonly text: string;
  /** Names that had no value and left nothing behind, each once. */
  readonly missing: readonly string[];
}

/**
 * Fills in `{{name}}`. One pass and no language: a value that looks like a placeholder stays what it is. Control
 * characters become blanks and long values are cut, since a header field is a stranger's text on its way to a model.
 *
 * @param encode What else is done to each value, such as percent-encoding.
 */
export function renderTemplate(
  text: string,
  variables: ReadonlyMap<string, string>,
  encode: (value: string) => string = (value) => value,
): RenderedText {
  const missing = new Set<string>();
  const rendered = text.replace(PLACEHOLDER, (_placeholder, name: string) => {
    const value = variables.get(variableKey(name));
    if (value === undefined) missing.add(name);
    return encode(cleanValue(value ?? ''));
  });
  return { text: rendered, missing: [...missing] };
}

/** Names of the placeholders in a text, each once. */
export function placeholders(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(PLACEHOLDER), ([, name = '']) => name))];
}

function variableKey(name: string): string {
  return /^sip\./i.test(name) ? name.toLowerCase() : name;
}

/** A stranger's text made fit for a text of ours: at most `maxLength` characters, control characters as blanks. */
export function cleanValue(value: string, maxLength: number = MAX_VALUE_LENGTH): string {
  const cut = value.slice(0, maxLength);
  return cut.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').replace(/\p{Surrogate}/gu, '');
}
