/**
 * Whether the path of a URL, as it is written, has a `.` or `..` in it. They lead elsewhere in any spelling: percent-encoding
 * (`%2e`) does not help (WHATWG URL section 4.4).
 */
export function hasDotSegment(url: string): boolean {
  const path = /^[^:]+:\/\/[^/?]*([^?]*)/.exec(url)?.[1] ?? '';
  return path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment));
}
