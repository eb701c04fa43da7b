/** How hard a pattern may have to try before it knows that a text does not match. */
export interface PatternEffort {
  /** Repetitions without bound, those of repeated groups counted as often as they are repeated. */
  readonly loops: number;
  /** In how many ways all the rest of it can be gone through. */
  readonly ways: number;
  /** It repeats without bound what can itself be matched in several ways: the time doubles with each character. */
  readonly explodes: boolean;
}

/** A repetition beyond this counts as unbounded. */
const MANY = 10;

/** The elements of a valid pattern; `(?i:` and the like since Node.js 23. */
const TOKEN =
  /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?(?:[a-z]*(?:-[a-z]+)?:|[=!]|<[=!]|<[^>]*>))?|[)|]|(?:[*+?]|\{\d+(?:,\d*)?\})\??|[\s\S]/gu;

interface Part {
  readonly loops: number;
  readonly ways: number;
}

/** How often an element is repeated. */
interface Range {
  readonly least: number;
  readonly most: number;
}

/** An open group: what stands in its branches so far, and the element that a quantifier would repeat. */
interface Group {
  otherBranches: number;
  loops: number;
  ways: number;
  last: Part;
}

const NOTHING: Part = { loops: 0, ways: 1 };

/** Looks through a valid pattern, group by group. What branches cannot both match is not seen: this is an upper bound. */
export function patternEffort(source: string): PatternEffort {
  const groups: Group[] = [opened()];
  let explodes = false;
  for (const [token] of source.matchAll(TOKEN)) {
    const group = groups.at(-1) ?? opened();
    const range = rangeOf(token);
    if (range !== undefined) {
      explodes ||= isExplosive(group.last, range);
      group.last = repeated(group.last, range);
    } else if (token === ')') {
      const closed = finished(groups.pop() ?? group);
      const around = groups.at(-1);
      if (around) around.last = closed;
    } else {
      settle(group);
      if (token.startsWith('(')) groups.push(opened());
      if (token === '|') {
        group.otherBranches += group.ways;
        group.ways = 1;
      }
    }
  }
  return { ...finished(groups[0] ?? opened()), explodes };
}

function opened(): Group {
  return { otherBranches: 0, loops: 0, ways: 1, last: NOTHING };
}

/** The element before is not repeated any more. */
function settle(group: Group): void {
  group.loops += group.last.loops;
  group.ways *= group.last.ways;
  group.last = NOTHING;
}

function finished(group: Group): Part {
  settle(group);
  return { loops: group.loops, ways: group.otherBranches + group.ways };
}

/** `undefined` for what is no quantifier. */
function rangeOf(token: string): Range | undefined {
  if (/^[*+?]\??$/.test(token)) {
    return { least: token.startsWith('+') ? 1 : 0, most: token.startsWith('?') ? 1 : Number.POSITIVE_INFINITY };
  }
  const bounds = /^\{(\d+)(?:(,)(\d*))?\}\??$/.exec(token);
  if (!bounds) return undefined;
  const [, least, comma, most] = bounds;
  if (comma === undefined) return { least: Number(least), most: Number(least) };
  return { least: Number(least), most: most ? Number(most) : Number.POSITIVE_INFINITY };
}

function isExplosive({ loops, ways }: Part, { least, most }: Range): boolean {
  return most > MANY && (loops > 0 || (ways > 1 && least !== most));
}

function repeated({ loops, ways }: Part, { least, most }: Range): Part {
  if (least === most) return { loops: loops === 0 ? 0 : loops * most, ways: ways === 1 ? 1 : ways ** most };
  if (most > MANY) return { loops: 1, ways: 1 };
  let sum = 0;
  for (let times = least; times <= most; times += 1) sum += ways ** times;
  return { loops: loops * most, ways: sum };
}
