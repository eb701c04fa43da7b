/** Every text of the picture. Throws for what is no well-formed XML: tags that do not match, bad characters, bare `&`. */
export function textsOf(svg: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  const bad = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u.exec(svg);
  if (bad) throw new Error(`character ${bad[0].codePointAt(0)} at ${bad.index}`);
  for (const [, closing, name = '', attributes = '', empty, between = ''] of svg.matchAll(
    /<(\/?)([a-z]+)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>([^<]*)/g,
  )) {
    if (closing) {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
    } else if (!empty) open.push(name);
    for (const part of [attributes, between]) {
      if (/&(?!(?:amp|lt|gt|quot);)/.test(part)) throw new Error(`a bare & in ${part}`);
    }
    if (name === 'text' && !closing) texts.push(between);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(' ')}`);
  const rest = svg.replace(/<\/?[a-z]+(?:\s+[\w:-]+="[^"<]*")*\s*\/?>/g, '');
  if (/[<>]/.test(rest)) throw new Error(`what is this: ${rest.trim().slice(0, 80)}`);
  return texts;
}
