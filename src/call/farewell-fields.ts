import { type HeaderFields, toHeaderFields } from '../base/header-fields.js';

/** For the BYE. The route's own come first. A flavor is plain JavaScript: what is no text is left out. */
export function farewellFields(own: HeaderFields, more: Readonly<Record<string, unknown>>): HeaderFields {
  const texts = Object.entries(more).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
  return toHeaderFields([...own, ...texts]);
}
