/** What a document asks for. */
export interface Spoken {
  readonly text: string;
  readonly voice: string;
}

interface Node {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: (Node | string)[];
}

const known = ['speak', 'voice', 'prosody', 'lexicon', 'mstts:express-as', 'mstts:silence', 'break', 'lang', 'p', 's'];

/** Reads SSML as the service does. Throws an `Error` with the words of its refusal. */
export function readSsml(document: string): Spoken {
  const root = parse(document);
  if (root.name !== 'speak') throw invalid('the root is not speak');
  if (root.attributes.get('version') !== '1.0') throw invalid('speak has no version');
  if (root.attributes.get('xmlns') !== 'http://www.w3.org/2001/10/synthesis') throw invalid('speak has no namespace');
  if (!root.attributes.has('xml:lang')) throw invalid('speak has no language');
  const voices = root.children.filter((child): child is Node => typeof child !== 'string');
  const [voice] = voices;
  if (voice === undefined || voices.some(({ name }) => name !== 'voice'))
    throw invalid('text stands outside of a voice');
  const name = voice.attributes.get('name') ?? '';
  // Such as en-US-AriaNeural, sr-Latn-RS-NicholasNeural, en-US-Ava:DragonHDLatestNeural
  if (!/^[a-z]{2,3}-(?:[A-Z][a-z]{3}-)?[A-Z]{2}-[\w:-]+Neural$/.test(name))
    throw new Error(`Unsupported voice ${name}.`);
  if (usesMstts(root) && !root.attributes.has('xmlns:mstts')) throw invalid('the prefix mstts is not bound');
  return { text: textOf(voice).replace(/\s+/g, ' ').trim(), voice: name };
}

function invalid(what: string): Error {
  return new Error(`Invalid SSML: ${what}.`);
}

function usesMstts({ name, children }: Node): boolean {
  return name.startsWith('mstts:') || children.some((child) => typeof child !== 'string' && usesMstts(child));
}

function textOf({ children }: Node): string {
  return children.map((child) => (typeof child === 'string' ? child : textOf(child))).join('');
}

/** A parser of the XML that such a document is made of; everything else is refused. */
function parse(document: string): Node {
  for (const character of document) {
    const code = character.codePointAt(0) ?? 0;
    const allowed = code >= 0x20 ? code < 0xd800 || code > 0xdfff : [9, 10, 13].includes(code);
    if (!allowed || code === 0xfffe || code === 0xffff) throw invalid('a character that XML does not have');
  }
  const token = /<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
  const top: Node = { name: '', attributes: new Map(), children: [] };
  const open: Node[] = [top];
  while (token.lastIndex < document.length) {
    const match = token.exec(document);
    if (match === null) throw invalid('it is not well-formed');
    const [, closed, opened, attributes = '', empty, text] = match;
    const current = open.at(-1) ?? top;
    if (text !== undefined) current.children.push(unescapeXml(text));
    else if (opened !== undefined) {
      if (!known.includes(opened)) throw invalid(`the element ${opened} is unknown`);
      const node: Node = { name: opened, attributes: attributesIn(attributes), children: [] };
      current.children.push(node);
      if (empty === '') open.push(node);
    } else if (closed !== current.name || open.pop() === top) throw invalid('an element is not closed');
  }
  const [root] = top.children;
  if (open.length !== 1 || top.children.length !== 1 || root === undefined || typeof root === 'string') {
    throw invalid('it is not one element');
  }
  return root;
}

function attributesIn(text: string): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [, name = '', double, single] of text.matchAll(/([\w:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)) {
    attributes.set(name, unescapeXml(double ?? single ?? ''));
  }
  return attributes;
}

const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function unescapeXml(text: string): string {
  if (/&(?!(?:amp|lt|gt|quot|apos);)/.test(text)) throw invalid('an unknown entity');
  return text.replace(/&(\w+);/g, (_match, name: string) => entities[name] ?? '');
}
