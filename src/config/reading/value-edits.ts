import type { ConfigPath } from './config-path.js';

/** What happens at a place: a new value, nothing any more, or something further down. */
interface Place {
  edit: { readonly value: unknown } | 'removed' | undefined;
  readonly below: Map<string | number, Place>;
}

/**
 * Changes to plain data, made in one pass over what lies on their way: a file that a program wrote may have thousands of
 * mistakes, and a copy of all of it for each would hold up the calls for a minute. Of two at one place the later counts;
 * what lies below a change is not changed any more.
 */
export class ValueEdits {
  readonly #root: Place = { edit: undefined, below: new Map() };

  /** Puts `value` at a path, and its key there if that is missing. */
  set(path: ConfigPath, value: unknown): void {
    this.#placeAt(path).edit = { value };
  }

  /** Takes out a key of an object; an entry of a list stays, for the others would move. */
  remove(path: ConfigPath): void {
    this.#placeAt(path).edit = 'removed';
  }

  /** A copy of `value` with the changes made; what no change is in is shared with it. */
  applyTo(value: unknown): unknown {
    return apply(value, this.#root);
  }

  #placeAt(path: ConfigPath): Place {
    let place = this.#root;
    for (const part of path) {
      const next = place.below.get(part) ?? { edit: undefined, below: new Map() };
      place.below.set(part, next);
      place = next;
    }
    return place;
  }
}

function apply(value: unknown, { edit, below }: Place): unknown {
  if (edit !== undefined) return edit === 'removed' ? value : edit.value;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value];
    for (const [part, place] of below) {
      if (typeof part === 'number' && part < copy.length) copy[part] = apply(copy[part], place);
    }
    return copy;
  }
  // A map, for a key may be called __proto__.
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const [part, place] of below) {
    if (typeof part !== 'string') continue;
    if (place.edit === 'removed') fields.delete(part);
    else if (fields.has(part) || place.edit !== undefined) fields.set(part, apply(fields.get(part), place));
  }
  return Object.fromEntries(fields);
}
