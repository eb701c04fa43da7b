/** A stretch of code in a page: a fenced block, or text in backticks. */
export interface CodeSpan {
  readonly kind: 'block' | 'inline';
  /** Language of a block, `''` for none and for inline code. */
  readonly language: string;
  readonly text: string;
}

const BLOCK = /^```([\w-]*)[^\n]*\n([\s\S]*?)^```$/gm;
const INLINE = /`([^`\n]+)`/g;
const LINK = /\]\(([^)\s]+)\)/g;
const HEADING = /^#{1,6} (.+)$/gm;

/** All code of a page. */
export function codeOf(page: string): readonly CodeSpan[] {
  const blocks = [...page.matchAll(BLOCK)].map(
    ([, language = '', text = '']): CodeSpan => ({ kind: 'block', language, text }),
  );
  const inline = [...withoutBlocks(page).matchAll(INLINE)].map(
    ([, text = '']): CodeSpan => ({ kind: 'inline', language: '', text }),
  );
  return [...blocks, ...inline];
}

/** Targets of all links and pictures, as written. */
export function linksOf(page: string): readonly string[] {
  return [...withoutBlocks(page).replaceAll(INLINE, '').matchAll(LINK)].map(([, target = '']) => target);
}

/** The anchors that headings make, in the manner of GitHub. */
export function anchorsOf(page: string): ReadonlySet<string> {
  const headings = [...withoutBlocks(page).matchAll(HEADING)].map(([, heading = '']) => heading);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

function withoutBlocks(page: string): string {
  return page.replaceAll(BLOCK, '');
}
