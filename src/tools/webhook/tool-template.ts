import { PLACEHOLDER } from '../../base/placeholder.js';

/** What a placeholder stands for; `undefined` where there is nothing of that name. */
export type TemplateValues = (name: string) => unknown;

/** Longest text that one placeholder puts in, characters. */
const MAX_VALUE_CHARS = 4096;

interface Slot {
  readonly name: string;
  /** Between double quotes, as a JSON text counts them. */
  readonly quoted: boolean;
}

/**
 * A text of the operator's with `{{name}}` in it, whose values come from strangers: each way to fill it in keeps a value
 * from being anything but a value there. One pass: a value that looks like a placeholder stays what it is.
 */
export class ToolTemplate {
  /** One more than there are slots. */
  readonly #literals: readonly string[];
  readonly #slots: readonly Slot[];

  constructor(text: string) {
    const literals: string[] = [];
    const slots: Slot[] = [];
    let end = 0;
    let quoted = false;
    for (const match of text.matchAll(PLACEHOLDER)) {
      const literal = text.slice(end, match.index);
      literals.push(literal);
      quoted = quotedAfter(literal, quoted);
      slots.push({ name: match[1] ?? '', quoted });
      end = match.index + match[0].length;
    }
    this.#literals = [...literals, text.slice(end)];
    this.#slots = slots;
  }

  /** As part of a path or query, or a field of a form: percent-encoded. */
  percentEncoded(values: TemplateValues): string {
    return this.#fill(({ name }) => encodeURIComponent(asText(values(name))));
  }

  /** As the value of an HTTP header field (RFC 9110 section 5.5): one line, UTF-8 in octets. */
  headerValue(values: TemplateValues): string {
    return this.#fill(({ name }) =>
      Buffer.from(asText(values(name)).replace(/\p{Cc}+/gu, ' '), 'utf8').toString('latin1'),
    );
  }

  /** As JSON: part of a string between quotes, a value of its own elsewhere. */
  json(values: TemplateValues): string {
    return this.#fill(({ name, quoted }) =>
      quoted ? JSON.stringify(asText(values(name))).slice(1, -1) : (JSON.stringify(values(name)) ?? 'null'),
    );
  }

  /** As text in XML or HTML, attributes included. */
  xml(values: TemplateValues): string {
    return this.#fill(({ name }) =>
      asText(values(name)).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    );
  }

  #fill(write: (slot: Slot) => string): string {
    return this.#literals.map((literal, index) => literal + slotText(this.#slots[index], write)).join('');
  }
}

function slotText(slot: Slot | undefined, write: (slot: Slot) => string): string {
  return slot === undefined ? '' : write(slot);
}

/** Whether a JSON text that ends with `literal` is inside a string there. */
function quotedAfter(literal: string, quotedBefore: boolean): boolean {
  const quotes = literal.replace(/\\./gs, '').split('"').length - 1;
  return quotes % 2 === 0 ? quotedBefore : !quotedBefore;
}

function asText(value: unknown): string {
  const text = typeof value === 'string' ? value : value == null ? '' : (JSON.stringify(value) ?? '');
  return text.slice(0, MAX_VALUE_CHARS).replace(/\p{Surrogate}/gu, '');
}
